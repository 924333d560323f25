import SSHWire

/// The contents of a RevokedKeys file: a key revocation list, or public keys line by line.
public struct RevokedKeyFile: Sendable {
    private enum Contents {
        case list(KeyRevocationList)
        /// Blobs of plain keys.
        case keys(Set<[UInt8]>)
    }

    private let contents: Contents

    /// - Throws: `invalidKey` if something in it cannot be read: who relies on it must then refuse everybody.
    public init(_ bytes: [UInt8]) throws {
        guard !bytes.starts(with: KeyRevocationList.magic) else {
            self.contents = .list(try KeyRevocationList(bytes))
            return
        }
        let lines = PublicKeyLines(bytes)
        if let problem = lines.problem { throw SSHError(.invalidKey, "line \(problem.line): \(problem.reason)") }
        self.contents = .keys(Set(lines.numbers.keys.map(\.blob)))
    }

    /// - Parameter blob: of a plain key.
    public func revokes(key blob: [UInt8]) -> Bool {
        switch self.contents {
        case .list(let list): list.revokes(key: blob)
        case .keys(let keys): keys.contains(blob)
        }
    }

    /// Whether the certificate, its key or its authority is revoked.
    public func revokes(_ certificate: Certificate) -> Bool {
        switch self.contents {
        case .list(let list): list.revokes(certificate)
        case .keys(let keys):
            keys.contains(certificate.key.blob) || keys.contains(certificate.certificateAuthority.blob)
        }
    }
}
