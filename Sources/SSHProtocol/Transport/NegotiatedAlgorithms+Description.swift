import SSHCrypto

extension NegotiatedAlgorithms: CustomStringConvertible {
    /// For a log: `algorithm: NAME, host key: NAME, server->client: CIPHER MAC, client->server: CIPHER MAC`.
    public var description: String {
        """
        algorithm: \(self.keyExchange.rawValue), host key: \(self.hostKey), \
        server->client: \(self.serverToClient), client->server: \(self.clientToServer)
        """
    }
}

extension NegotiatedAlgorithms.Direction: CustomStringConvertible {
    public var description: String { self.cipher.rawValue + (self.mac.map { " \($0.rawValue)" } ?? "") }
}
