import CSodium
import SSHWire

/// Ed25519 (RFC 8032) signatures and their form in SSH (RFC 8709).
enum Ed25519 {
    static let publicKeyLength = 32
    static let seedLength = 32
    static let signatureLength = 64

    /// Whether the signature is right. A public key of small order verifies nothing.
    static func isValid(signature: [UInt8], over data: [UInt8], publicKey: [UInt8]) -> Bool {
        guard signature.count == Self.signatureLength, publicKey.count == Self.publicKeyLength else { return false }
        return crypto_sign_ed25519_verify_detached(signature, data, UInt64(data.count), publicKey) == 0
    }

    /// The seed followed by the public key: libsodium's form of a private key, and that of OpenSSH's key files.
    static func expand(seed: SecretBytes) throws -> (privateKey: SecretBytes, publicKey: [UInt8]) {
        guard seed.count == Self.seedLength else {
            throw SSHError(.invalidKey, "an ed25519 private key has \(seed.count) bytes instead of 32")
        }
        Sodium.prepare()
        var publicKey = [UInt8](repeating: 0, count: Self.publicKeyLength)
        let privateKey = SecretBytes.make(count: Self.seedLength + Self.publicKeyLength) { target in
            _ = seed.withPointer { crypto_sign_ed25519_seed_keypair(&publicKey, target, $0) }
        }
        return (privateKey, publicKey)
    }
}
