import SSHWire

/// The server's side of a key exchange: it answers the client's value, and knows the secret at once.
public enum KeyExchangeResponder {
    /// - Parameters:
    ///   - initialValue: Q_C or C_INIT.
    ///   - random: where the X25519 key comes from. ML-KEM's encapsulation draws from swift-crypto's own source, so the
    ///     reply to `mlkem768x25519` is another each time, whatever the seed.
    /// - Returns: Q_S or S_REPLY, and the secret.
    /// - Throws: `keyExchangeFailed` if the value has the wrong length or is not a valid one.
    public static func respond(
        _ algorithm: KeyExchangeAlgorithm,
        to initialValue: [UInt8],
        random: any RandomSource
    ) throws -> (reply: [UInt8], secret: SharedSecret) {
        switch algorithm {
        case .curve25519, .curve25519LibSSH:
            let (reply, secret) = try Self.respondClassically(to: initialValue, random: random)
            return (reply, SharedSecret(mpint: secret))
        case .mlkem768x25519:
            guard initialValue.count == MLKEM768Exchange.publicKeyLength + X25519.keyLength else {
                let count = initialValue.count
                throw SSHError(.keyExchangeFailed, "a hybrid key exchange value has \(count) bytes instead of 1216")
            }
            let postQuantumValue = Array(initialValue.prefix(MLKEM768Exchange.publicKeyLength))
            let classicalValue = Array(initialValue.suffix(X25519.keyLength))
            let (ciphertext, postQuantum) = try MLKEM768Exchange.encapsulate(to: postQuantumValue)
            let (publicKey, classical) = try Self.respondClassically(to: classicalValue, random: random)
            let secret = MLKEM768Exchange.combine(postQuantum: postQuantum, classical: classical)
            return (ciphertext + publicKey, secret)
        }
    }

    private static func respondClassically(
        to peer: [UInt8],
        random: any RandomSource
    ) throws -> (reply: [UInt8], secret: SecretBytes) {
        let key = try X25519(random: random)
        return (key.publicKey, try key.sharedSecret(peer: peer))
    }
}
