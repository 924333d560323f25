public import SSHCrypto

/// What became of a client's tries to log in, for telling people why they failed.
public struct ClientLoginReport: Sendable {
    /// Keys that were put to the server, in order.
    public internal(set) var offered: [PublicKey] = []
    /// Those of them that it took, and wanted more (RFC 4252 §5.1, partial success).
    public internal(set) var accepted: [PublicKey] = []
    /// Keys that the server would take, and by which nobody signed.
    public internal(set) var unsigned: [PublicKey] = []
    /// Keys with which the server takes no signature (RFC 8308 §3.1, server-sig-algs).
    public internal(set) var unsuitable: [PublicKey] = []
    /// The methods that the server said last can continue; nil if it has said nothing.
    public internal(set) var methods: [String]?
}

extension Engine {
    /// Nil for a server, and once the login has succeeded.
    public var clientLoginReport: ClientLoginReport? {
        guard case .client(let authentication) = self.login else { return nil }
        return authentication.report
    }
}
