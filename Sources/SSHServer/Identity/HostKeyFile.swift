public import SSHCrypto
import SSHSystem
import SSHWire

/// The relay's host keys on disk.
public enum HostKeyFile {
    /// Host key files are small; anything larger is something else.
    private static let limit = 64 * 1024

    /// - Parameter requiredRSASize: bits that an RSA key must have.
    /// - Throws: `invalidKey` for a file that others can read, or that holds no key that can be used.
    static func load(_ path: String, requiredRSASize: Int) throws -> PrivateKey {
        var file: BoundedFile
        do {
            file = try BoundedFile(path: path, limit: Self.limit, mustBeRegular: true, isSecret: true)
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
        defer { file.zero() }
        let key: PrivateKey
        do {
            key = try PrivateKeyFile.parse(file.bytes).key
        } catch let error as SSHError {
            throw SSHError(.invalidKey, "\(path.escapedForLog): \(error.reason)")
        }
        if let bits = key.publicKey.rsaBits, bits < requiredRSASize {
            throw SSHError(
                .invalidKey,
                "\(path.escapedForLog): the RSA key has \(bits) bits, less than RequiredRSASize \(requiredRSASize)"
            )
        }
        return key
    }

    /// The public half of a host key that an agent signs with. As in sshd, the line names the public key itself, or a private key file
    /// beside which it stands as `.pub`, or which holds it in the clear.
    ///
    /// - Throws: `invalidKey` if there is none.
    static func loadPublic(_ path: String, requiredRSASize: Int) throws -> PublicKey {
        for candidate in [path, path + ".pub"] {
            guard var file = try? BoundedFile(path: candidate, limit: Self.limit, mustBeRegular: true, isSecret: true)
            else { continue }
            defer { file.zero() }
            guard let key = Self.publicKey(in: file.bytes) else { continue }
            if let bits = key.rsaBits, bits < requiredRSASize {
                throw SSHError(
                    .invalidKey,
                    "\(candidate.escapedForLog): the RSA key has \(bits) bits, less than RequiredRSASize \(requiredRSASize)"
                )
            }
            return key
        }
        throw SSHError(.invalidKey, "\(path.escapedForLog): no public key there or in \(path.escapedForLog).pub")
    }

    /// A file holds nothing but a public key: no private key is missing there.
    static func isPublicKey(_ path: String) -> Bool {
        guard let file = try? BoundedFile(path: path, limit: Self.limit, mustBeRegular: true) else { return false }
        return Self.publicKeyLine(in: file.bytes) != nil
    }

    private static func publicKey(in bytes: [UInt8]) -> PublicKey? {
        Self.publicKeyLine(in: bytes) ?? PrivateKeyFile.publicKey(in: bytes)
    }

    private static func publicKeyLine(in bytes: [UInt8]) -> PublicKey? {
        let lines = bytes.split(separator: UInt8(ascii: "\n"))
        guard let line = lines.first(where: { $0.first != UInt8(ascii: "#") }) else { return nil }
        return try? PublicKey(openSSHLine: String(decoding: line, as: UTF8.self))
    }

    /// Makes a new key: the private key at `path`, the public key beside it with `.pub`.
    ///
    /// - Returns: the new key's public half.
    /// - Throws: `system` if a file of that name exists already.
    @discardableResult
    public static func generate(
        _ kind: PrivateKey.Kind,
        at path: String,
        comment: String,
        random: any RandomSource
    ) throws -> PublicKey {
        try KeyPairFiles.generate(kind, at: path, comment: comment, random: random)
    }
}
