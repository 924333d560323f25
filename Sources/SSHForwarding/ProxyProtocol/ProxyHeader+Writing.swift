import Glibc
public import NIOCore

extension ProxyHeader {
    /// The header in version 2, without extensions.
    public var version2: ByteBuffer {
        switch self {
        case .unnamed:
            return Self.write(.unspecified, [])
        case .proxied(let source, let destination):
            guard let from = PackedAddress(source), let to = PackedAddress(destination) else {
                return Self.write(.unspecified, [])
            }
            if let from4 = from.ipv4, let to4 = to.ipv4 {
                return Self.write(.tcp4, from4 + to4 + from.port + to.port)
            }
            return Self.write(.tcp6, from.ipv6 + to.ipv6 + from.port + to.port)
        }
    }

    private static func write(_ family: Family, _ addresses: [UInt8]) -> ByteBuffer {
        var buffer = ByteBuffer()
        buffer.writeBytes(Self.signature)
        buffer.writeInteger(Self.version | Command.proxy.rawValue)
        buffer.writeInteger(family.rawValue)
        buffer.writeInteger(UInt16(clamping: addresses.count))
        buffer.writeBytes(addresses)
        return buffer
    }
}

/// An address and a port in network order.
private struct PackedAddress {
    /// nil for an IPv6 address that is no IPv4 address in disguise.
    let ipv4: [UInt8]?
    /// An IPv4 address as ::ffff:a.b.c.d, for a header whose other address is IPv6.
    let ipv6: [UInt8]
    let port: [UInt8]

    private static let mapped: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff]

    init?(_ address: SocketAddress) {
        guard let text = address.ipAddress, let port = address.port.flatMap(UInt16.init(exactly:)) else { return nil }
        self.port = [UInt8(port >> 8), UInt8(truncatingIfNeeded: port)]
        var bytes = [UInt8](repeating: 0, count: 16)
        if inet_pton(AF_INET, text, &bytes) == 1 {
            self.ipv4 = Array(bytes[..<4])
            self.ipv6 = Self.mapped + bytes[..<4]
        } else if inet_pton(AF_INET6, text, &bytes) == 1 {
            self.ipv4 = bytes.starts(with: Self.mapped) ? Array(bytes[Self.mapped.count...]) : nil
            self.ipv6 = bytes
        } else {
            return nil
        }
    }
}
