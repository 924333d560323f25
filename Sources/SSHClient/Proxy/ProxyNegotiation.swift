import NIOCore
import SSHWire

/// What a proxy and we say to each other before the server's first byte. Bytes only: it has no socket and no clock.
protocol ProxyNegotiation {
    /// What we say first.
    mutating func start() -> ByteBuffer

    /// Takes what has come, in pieces of any length.
    ///
    /// - Throws: why the proxy does not connect us, or that it is none.
    mutating func receive(_ bytes: ByteBuffer) throws -> ProxyAction
}

enum ProxyAction: Equatable {
    case needMore
    case send(ByteBuffer)
    /// The server is there, and these are its first bytes.
    case connected(ByteBuffer)
}

extension ProxyServer {
    /// - Parameter host: given as it is: the proxy looks it up.
    /// - Throws: `invalidConfiguration` for a host that cannot be asked for.
    func negotiation(to host: String, port: UInt16) throws -> any ProxyNegotiation {
        switch self.kind {
        case .socks5: try SOCKSClientNegotiation(to: host, port: port, login: self.login)
        case .http: try HTTPConnectNegotiation(to: host, port: port, login: self.login)
        }
    }
}

extension SSHError {
    /// The proxy does not let us in: as with a server that does not, it is not asked again at once.
    static func proxyLogin(_ reason: String) -> SSHError { SSHError(.authenticationFailed, reason) }

    /// The proxy is asked for what it does not do.
    static func proxyRefusal(_ reason: String) -> SSHError { SSHError(.forwardingFailed, reason) }

    /// The proxy does not reach the server.
    static func proxyFailure(_ reason: String) -> SSHError { SSHError(.connectionLost, reason) }
}
