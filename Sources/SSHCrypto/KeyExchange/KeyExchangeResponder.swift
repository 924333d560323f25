import SSHWire

/// The server's side of a key exchange: it answers the client's value, and knows the secret at once.
public enum KeyExchangeResponder {
    /// - Parameters:
    ///   - initialValue: Q_C, C_INIT or e.
    ///   - random: where the keys come from. ML-KEM's encapsulation draws from swift-crypto's own source, so the
    ///     reply to `mlkem768x25519` is another each time, whatever the seed.
    /// - Returns: Q_S, S_REPLY or f, and the secret.
    /// - Throws: `keyExchangeFailed` if the value has the wrong length or is not a valid one.
    public static func respond(
        _ algorithm: KeyExchangeAlgorithm,
        to initialValue: [UInt8],
        random: any RandomSource
    ) throws -> (reply: [UInt8], secret: SharedSecret) {
        switch algorithm.method {
        case .mlkem768x25519:
            let parts = try HybridValue(initialValue, postQuantumLength: MLKEM768Exchange.publicKeyLength)
            let (ciphertext, postQuantum) = try MLKEM768Exchange.encapsulate(to: parts.postQuantum)
            let key = try X25519(random: random)
            let classical = try key.sharedSecret(peer: parts.classical)
            let secret = SharedSecret(.sha256, postQuantum: postQuantum, classical: classical)
            return (ciphertext + key.publicKey, secret)
        case .sntrup761x25519:
            let parts = try HybridValue(initialValue, postQuantumLength: SNTRUP761.publicKeyLength)
            let (ciphertext, postQuantum) = try SNTRUP761.encapsulate(to: parts.postQuantum, random: random)
            let key = try X25519(random: random)
            let classical = try key.sharedSecret(peer: parts.classical)
            let secret = SharedSecret(.sha512, postQuantum: postQuantum, classical: classical)
            return (ciphertext + key.publicKey, secret)
        case .curve25519:
            let key = try X25519(random: random)
            return (key.publicKey, SharedSecret(mpint: try key.sharedSecret(peer: initialValue)))
        case .ellipticCurve(let curve):
            let key = try ECDHKey(curve, random: random)
            return (key.publicKey, SharedSecret(mpint: try key.sharedSecret(peer: initialValue)))
        case .finiteField(let group):
            let key = try DiffieHellmanKey(group, random: random)
            return (key.publicValue, SharedSecret(mpint: try key.sharedSecret(peer: initialValue)))
        }
    }
}
