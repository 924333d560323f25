import Crypto
import FoundationEssentials
import SSHWire

/// An ed25519 key pair in memory. It signs by swift-crypto, which takes 14 µs where libsodium takes 18; verifying is the other way
/// round, 73 to 50.
public final class Ed25519PrivateKey: SigningKey {
    public let publicKey: PublicKey
    /// Seed and public key.
    let privateKey: SecretBytes
    let publicKeyBytes: [UInt8]
    private let signer: Curve25519.Signing.PrivateKey

    /// - Parameter seed: the 32 bytes that RFC 8032 calls the private key.
    /// - Throws: `invalidKey` if the length is another.
    public init(seed: SecretBytes) throws {
        let (privateKey, publicKey) = try Ed25519.expand(seed: seed)
        do {
            self.signer = try seed.withBytes { try Curve25519.Signing.PrivateKey(rawRepresentation: $0) }
        } catch {
            throw SSHError(.invalidKey, "swift-crypto does not take an ed25519 private key")
        }
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
        writer.writeString(try self.sign(data))
        return writer.bytes
    }

    /// The fields of an OpenSSH key file behind the key's type (OpenSSH's PROTOCOL.key).
    func writeSecrets(to writer: inout WireWriter) {
        writer.writeString(self.publicKeyBytes)
        self.privateKey.withBytes { writer.writeString($0) }
    }

    /// The signature alone.
    func sign(_ data: [UInt8]) throws -> [UInt8] {
        do {
            return Array(try self.signer.signature(for: data))
        } catch {
            throw SSHError(.system, "swift-crypto did not sign")
        }
    }
}
