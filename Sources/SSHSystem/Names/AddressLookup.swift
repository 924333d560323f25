import Glibc

/// The system's resolver: /etc/hosts, DNS, or whatever nsswitch.conf says. Every question may wait for a name server.
package enum AddressLookup {
    /// Of a name that has more, the others are left out: whoever answers for names chooses how many there are.
    private static let mostAddresses = 256

    /// The numeric addresses of a name, in the order of the system's preference.
    ///
    /// - Parameters:
    ///   - port: some systems know names by it.
    ///   - family: AF_UNSPEC, AF_INET or AF_INET6.
    package static func addresses(
        of host: String,
        port: UInt16? = nil,
        family: CInt = AF_UNSPEC
    ) throws(NameFailure) -> [String] {
        try Self.texts(of: host, port: port, family: family, flags: 0, as: NI_NUMERICHOST, limit: Self.mostAddresses)
    }

    /// - Returns: nil if the address has no name.
    package static func name(of address: String) throws(NameFailure) -> String? {
        try Self.texts(of: address, port: nil, family: AF_UNSPEC, flags: AI_NUMERICHOST, as: NI_NAMEREQD, limit: 1)
            .first
    }

    /// Through text and back: the addresses need no pointers of ours.
    private static func texts(
        of host: String,
        port: UInt16?,
        family: CInt,
        flags: Int32,
        as form: Int32,
        limit: Int
    ) throws(NameFailure) -> [String] {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_family = family
        hints.ai_flags = flags
        var list: UnsafeMutablePointer<addrinfo>?
        let service = port.map { number in "\(number)" }
        let status = getaddrinfo(host, service, &hints, &list)
        guard status == 0 else { throw NameFailure(status: status, errorNumber: errno) }
        defer { freeaddrinfo(list) }
        var found: [String] = []
        var next = list
        while let entry = next?.pointee, found.count < limit {
            if let text = try Self.text(entry, form) { found.append(text) }
            next = entry.ai_next
        }
        return found
    }

    /// - Returns: nil where there is none.
    private static func text(_ entry: addrinfo, _ form: Int32) throws(NameFailure) -> String? {
        var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        let status = getnameinfo(entry.ai_addr, entry.ai_addrlen, &text, socklen_t(text.count), nil, 0, form)
        guard status == 0 else {
            let failure = NameFailure(status: status, errorNumber: errno)
            guard !failure.isPassing else { throw failure }
            return nil
        }
        return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
