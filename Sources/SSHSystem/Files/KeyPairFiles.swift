import Glibc
package import SSHCrypto
import SSHWire

/// A private key with its `.pub` file beside it, as ssh-keygen makes them.
package enum KeyPairFiles {
    /// Makes a new key.
    ///
    /// - Returns: the new key's public half.
    /// - Throws: `system` if a file of that name exists already.
    package static func generate(
        _ kind: PrivateKey.Kind,
        at path: String,
        comment: String,
        random: any RandomSource
    ) throws -> PublicKey {
        let key = try PrivateKey.generate(kind, random: random)
        let text = SecretBytes(bytes: try OpenSSHPrivateKeyFile.encode(key, comment: comment, random: random))
        try Self.create(path, text, mode: 0o600)
        try Self.writePublic(key.publicKey, besides: path, comment: comment)
        return key.publicKey
    }

    /// The `.pub` file of a private key.
    package static func writePublic(_ key: PublicKey, besides path: String, comment: String) throws {
        let line = SecretBytes(bytes: Array("\(key.openSSHText) \(comment)\n".utf8))
        try Self.create(path + ".pub", line, mode: 0o644)
    }

    /// Under another name first: a file that was cut off would look like a key.
    private static func create(_ path: String, _ bytes: SecretBytes, mode: mode_t) throws {
        var name = Array("\(path).XXXXXX".utf8CString)
        let descriptor = mkstemp(&name)
        guard descriptor >= 0 else { throw Self.failure(path) }
        defer {
            unlink(name)
            close(descriptor)
        }
        let written = bytes.withBytes { write(descriptor, $0.baseAddress, $0.count) }
        guard written == bytes.count, fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0, fchmod(descriptor, mode) == 0,
            fsync(descriptor) == 0, link(name, path) == 0
        else { throw Self.failure(path) }
    }

    private static func failure(_ path: String) -> SSHError {
        SSHError(.system, "\(path.escapedForLog): \(SystemError())")
    }
}
