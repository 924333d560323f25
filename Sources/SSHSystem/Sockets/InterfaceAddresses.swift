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
