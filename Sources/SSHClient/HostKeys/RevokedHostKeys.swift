public import SSHCrypto
import SSHWire

/// RevokedHostKeys: a file of public keys, one on a line, that no host may show.
public struct RevokedHostKeys: Sendable {
    private let keys: Set<PublicKey>

    /// - Throws: `invalidConfiguration` if the file cannot be read or understood: then every key counts as revoked, as in
    ///   ssh, so nothing may be connected to.
    public init(path: String) throws {
        let file: ReadFile
        do {
            file = try ReadFile(path: path, limit: 16 << 20)
        } catch {
            throw SSHError(.invalidConfiguration, "RevokedHostKeys \(path) cannot be read: \(error)")
        }
        guard !file.bytes.starts(with: "SSHKRL\n\0".utf8) else {
            throw SSHError(
                .invalidConfiguration,
                "RevokedHostKeys \(path) is a KRL, which is not supported; list public keys"
            )
        }
        var keys: Set<PublicKey> = []
        var number = 0
        for line in file.bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            number += 1
            let text = String(decoding: line.drop(while: PatternText.isSpace), as: UTF8.self)
            if text.isEmpty || text.first == "#" { continue }
            guard let key = try? PublicKey(openSSHLine: text) else {
                throw SSHError(.invalidConfiguration, "\(path) line \(number): no public key")
            }
            keys.insert(key)
        }
        self.keys = keys
    }

    public func contains(_ key: PublicKey) -> Bool {
        self.keys.contains(key)
    }
}
