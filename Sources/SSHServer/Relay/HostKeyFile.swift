import Glibc
public import SSHCrypto
import SSHWire

/// The relay's host keys on disk.
public enum HostKeyFile {
    /// Host key files are small; anything larger is something else.
    private static let limit = 64 * 1024

    /// - Throws: `invalidKey` for a file that others can read, or that holds no ed25519 key.
    public static func load(_ path: String) throws -> any SigningKey {
        let file: BoundedFile
        do {
            file = try BoundedFile(path: path, limit: Self.limit, mustBeRegular: true)
        } catch is BoundedFile.NotFound {
            throw SSHError(
                .invalidKey,
                "\(path.escapedForLog): no such host key; `relay keygen -f \(path.escapedForLog)` makes one"
            )
        }
        // sshd refuses a host key that group or others can read; so do we.
        guard file.mode & 0o077 == 0 else {
            throw SSHError(
                .invalidKey,
                "\(path.escapedForLog): permissions 0\(String(file.mode & 0o777, radix: 8)) are too open for a host key: 0600"
            )
        }
        do {
            return try OpenSSHPrivateKeyFile.parse(file.bytes).key
        } catch let error as SSHError {
            throw SSHError(.invalidKey, "\(path.escapedForLog): \(error.reason)")
        }
    }

    /// Makes a new ed25519 key: the private key at `path`, the public key beside it with `.pub`.
    ///
    /// - Returns: the new key's public half.
    /// - Throws: `system` if a file of that name exists already.
    @discardableResult
    public static func generate(at path: String, comment: String, random: any RandomSource) throws -> PublicKey {
        let key = try Ed25519PrivateKey.generate(random: random)
        try Self.create(path, OpenSSHPrivateKeyFile.encode(key, comment: comment, random: random), mode: 0o600)
        try Self.create(path + ".pub", Array("\(key.publicKey.openSSHText) \(comment)\n".utf8), mode: 0o644)
        return key.publicKey
    }

    private static func create(_ path: String, _ bytes: [UInt8], mode: mode_t) throws {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw Self.failure(path) }
        defer { close(descriptor) }
        guard write(descriptor, bytes, bytes.count) == bytes.count else { throw Self.failure(path) }
    }

    private static func failure(_ path: String) -> SSHError {
        SSHError(.system, "\(path.escapedForLog): \(String(cString: strerror(errno)))")
    }
}
