extension RekeyLimit {
    private static let paramiko = Array("SSH-2.0-paramiko".utf8)
    /// paramiko begins at 512 MiB. It hangs if a channel's CLOSE comes while it waits for our part, and so would lose all its
    /// channels; if we begin, no CLOSE follows our KEXINIT.
    private static let beforeParamiko: UInt64 = 448 * 1024 * 1024

    /// Such that we begin before a peer that had better not.
    func before(_ peerIdentification: [UInt8]) -> RekeyLimit {
        guard peerIdentification.starts(with: Self.paramiko) else { return self }
        var limit = self
        limit.bytes = min(limit.bytes, Self.beforeParamiko)
        return limit
    }
}
