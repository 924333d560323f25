public import SSHWire

extension Engine {
    private static let ours = Array("SSH-2.0-SwiftRelay_".utf8)

    /// Server: tells a client of ours when to come back after this connection. Others are not told: not every program is as calm about
    /// requests that it does not know as RFC 4254 wants it.
    ///
    /// - Returns: whether the client is one of ours.
    @discardableResult
    public mutating func sendReconnectHint(_ hint: ReconnectHint) throws -> Bool {
        guard self.transport.peerIdentification.starts(with: Self.ours) else { return false }
        try self.sendGlobalRequest(.other(name: ReconnectHint.name, data: hint.data), wantReply: false)
        return true
    }
}
