import Glibc

/// The addresses of this machine's network interfaces.
package enum InterfaceAddresses {
    /// In numeric form, of the interfaces that are up; none if the system does not tell. A link-local address names its
    /// interface behind `%`.
    package static func current() -> [String] {
        var first: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&first) == 0 else { return [] }
        defer { freeifaddrs(first) }
        var addresses: [String] = []
        var next = first
        while let interface = next?.pointee {
            if let text = Self.text(interface) { addresses.append(text) }
            next = interface.ifa_next
        }
        return addresses
    }

    /// Those that a socket of a connection is bound to, as ssh picks them for BindInterface: loopback and link-local ones come last.
    package static func forConnections(on interface: String) -> [String] {
        var first: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&first) == 0 else { return [] }
        defer { freeifaddrs(first) }
        var addresses: [String] = []
        var local: [String] = []
        var next = first
        while let entry = next?.pointee {
            if let name = entry.ifa_name, String(cString: name) == interface, let text = Self.text(entry) {
                if Self.isLocal(text) { local.append(text) } else { addresses.append(text) }
            }
            next = entry.ifa_next
        }
        return addresses + local
    }

    private static func isLocal(_ text: String) -> Bool {
        if text == "127.0.0.1" || text == "::1" { return true }
        // fe80::/10
        return ["fe8", "fe9", "fea", "feb"].contains { text.hasPrefix($0) } && text.contains(":")
    }

    private static func text(_ interface: ifaddrs) -> String? {
        guard interface.ifa_flags & UInt32(IFF_UP) != 0, let address = interface.ifa_addr else { return nil }
        let length: Int
        switch Int32(address.pointee.sa_family) {
        case AF_INET: length = MemoryLayout<sockaddr_in>.size
        case AF_INET6: length = MemoryLayout<sockaddr_in6>.size
        default: return nil
        }
        var name = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        guard
            getnameinfo(address, socklen_t(length), &name, socklen_t(name.count), nil, 0, NI_NUMERICHOST) == 0
        else { return nil }
        return String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
