import Glibc
public import NIOCore
import SSHWire

/// Looks names up, in the order of the system's preference.
public enum HostResolution {
    /// Of a name that has more, the others are left out: whoever answers for names chooses how many there are.
    private static let mostAddresses = 256

    /// Blocks until the system has answered.
    ///
    /// - Parameter family: of the addresses: AF_UNSPEC, AF_INET or AF_INET6.
    /// - Throws: `connectionLost` with the system's reason.
    public static func addresses(of host: String, port: UInt16, family: CInt) throws -> [SocketAddress] {
        do {
            return try Self.find(host, port: port, family: family)
        } catch let failure as NameFailure {
            throw SSHError(.connectionLost, "Could not resolve hostname \(host): \(failure.reason)")
        }
    }

    /// The same.
    ///
    /// - Throws: `NameFailure`.
    static func find(_ host: String, port: UInt16, family: CInt) throws -> [SocketAddress] {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_family = family
        var list: UnsafeMutablePointer<addrinfo>?
        let status = getaddrinfo(host, String(port), &hints, &list)
        guard status == 0 else { throw NameFailure(status: status, errorNumber: errno) }
        defer { freeaddrinfo(list) }
        var addresses: [SocketAddress] = []
        var next = list
        while let entry = next?.pointee, addresses.count < Self.mostAddresses {
            // Through text and back: the address needs no pointer of ours.
            var text = [CChar](repeating: 0, count: 256)
            let length = socklen_t(text.count)
            if getnameinfo(entry.ai_addr, entry.ai_addrlen, &text, length, nil, 0, NI_NUMERICHOST) == 0 {
                let bytes = text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:))
                let address = try SocketAddress.makeAddressResolvingHost(
                    String(decoding: bytes, as: UTF8.self),
                    port: Int(port)
                )
                addresses.append(address)
            }
            next = entry.ai_next
        }
        return addresses
    }
}
