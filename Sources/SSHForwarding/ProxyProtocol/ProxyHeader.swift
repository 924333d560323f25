public import NIOCore

/// What a PROXY header says (HAProxy's proxy-protocol.txt): for whom a proxy connects.
public enum ProxyHeader: Hashable, Sendable {
    /// For itself (LOCAL), or for somebody whom it cannot name (UNKNOWN, AF_UNSPEC, a Unix socket).
    case unnamed
    /// For a client that connected from `source` to `destination`, both IPv4 or both IPv6.
    case proxied(source: SocketAddress, destination: SocketAddress)

    /// What begins version 2; no other protocol begins like that.
    static let signature: [UInt8] = [0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a]

    /// The high half of the byte after the signature.
    static let version: UInt8 = 0x20

    enum Command: UInt8 {
        case local = 0x0
        case proxy = 0x1
    }

    /// Family and transport, of which streams alone can carry SSH.
    enum Family: UInt8 {
        case unspecified = 0x00
        case tcp4 = 0x11
        case tcp6 = 0x21
        case unixStream = 0x31

        /// How many bytes both addresses and their ports take.
        var addressLength: Int {
            switch self {
            case .unspecified: 0
            case .tcp4: 12
            case .tcp6: 36
            case .unixStream: 216
            }
        }
    }
}
