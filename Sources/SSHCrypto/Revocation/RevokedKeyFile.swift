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
        var keys: Set<[UInt8]> = []
        var number = 0
        for line in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            number += 1
            guard let text = String(validating: line, as: UTF8.self) else {
                throw SSHError(.invalidKey, "line \(number) is not text")
            }
            let first = text.utf8.first { $0 != 0x20 && $0 != 0x09 && $0 != 0x0d }
            guard let first, first != UInt8(ascii: "#") else { continue }
            do {
                keys.insert(try Self.plainKey(of: OpenSSHLine(text, limit: Certificate.blobLimit)))
            } catch let error as SSHError {
                throw SSHError(.invalidKey, "line \(number): \(error.reason)")
            }
        }
        self.contents = .keys(keys)
    }

    /// A line may revoke a key of a type that nobody could log in with anyway.
    private static func plainKey(of line: OpenSSHLine) throws -> [UInt8] {
        if Certificate.isCertificateType(line.type) { return try Certificate(blob: line.blob).key.blob }
        var reader = WireReader(bytes: line.blob)
        guard try reader.readText(limit: 64) == line.type else {
            throw SSHError(.invalidKey, "the key is of another type than the line says")
        }
        return line.blob
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
