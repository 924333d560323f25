import SSHWire

/// A private key, or something that can sign with one: an agent, a hardware token.
public protocol SigningKey: Sendable {
    var publicKey: PublicKey { get }

    /// - Returns: The whole signature blob.
    /// - Throws: `misuse` if the key does not sign with that algorithm.
    func sign(_ data: [UInt8], algorithm: String) throws -> [UInt8]
}

/// An ed25519 key pair in memory.
public final class Ed25519PrivateKey: SigningKey {
    public let publicKey: PublicKey
    /// Seed and public key.
    let privateKey: SecretBytes
    let publicKeyBytes: [UInt8]

    /// - Parameter seed: the 32 bytes that RFC 8032 calls the private key.
    /// - Throws: `invalidKey` if the length is another.
    public init(seed: SecretBytes) throws {
        let (privateKey, publicKey) = try Ed25519.expand(seed: seed)
        self.privateKey = privateKey
        self.publicKeyBytes = publicKey
        self.publicKey = PublicKey(.ed25519, .ed25519(key: publicKey))
    }

    /// A new key.
    public static func generate(random: any RandomSource) throws -> Ed25519PrivateKey {
        try Ed25519PrivateKey(seed: SecretBytes(bytes: random.randomBytes(Ed25519.seedLength)))
    }

    public func sign(_ data: [UInt8], algorithm: String) throws -> [UInt8] {
        guard self.publicKey.signatureAlgorithms.contains(algorithm) else {
            throw SSHError(.misuse, "an ed25519 key does not sign with \(algorithm)")
        }
        var writer = WireWriter()
        writer.writeText(algorithm)
        writer.writeString(Ed25519.sign(data, privateKey: self.privateKey))
        return writer.bytes
    }
}
