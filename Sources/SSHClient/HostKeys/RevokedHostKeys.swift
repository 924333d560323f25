package import SSHCrypto
import SSHSystem
import SSHWire

/// RevokedHostKeys: public keys that no host may show, one on a line, or a binary key revocation list.
package struct RevokedHostKeys: Sendable {
    private let file: RevokedKeyFile

    /// - Throws: `invalidConfiguration` if the file cannot be read or understood: then every key counts as revoked, as in
    ///   ssh, so nothing may be connected to.
    package init(path: String) throws {
        let bytes: [UInt8]
        do {
            bytes = try BoundedFile(reading: path, limit: 16 << 20).bytes
        } catch {
            throw SSHError(.invalidConfiguration, "RevokedHostKeys \(path) cannot be read: \(error)")
        }
        do {
            self.file = try RevokedKeyFile(bytes)
        } catch let error as SSHError {
            throw SSHError(.invalidConfiguration, "RevokedHostKeys \(path): \(error.reason)")
        }
    }

    package func contains(_ key: PublicKey) -> Bool {
        self.file.revokes(key: key.blob)
    }

    /// Whether the certificate, its key or its authority is revoked.
    package func contains(_ certificate: Certificate) -> Bool {
        self.file.revokes(certificate)
    }
}
