import CSodium
import SSHWire

/// X25519 (RFC 7748).
enum X25519 {
    static let keyLength = 32

    static func publicKey(of privateKey: SecretBytes) throws -> [UInt8] {
        Sodium.prepare()
        guard privateKey.count == Self.keyLength else {
            throw SSHError(.misuse, "an X25519 private key has \(privateKey.count) bytes instead of 32")
        }
        var publicKey = [UInt8](repeating: 0, count: Self.keyLength)
        let result = privateKey.withPointer { crypto_scalarmult_curve25519_base(&publicKey, $0) }
        guard result == 0 else { throw SSHError(.keyExchangeFailed, "no X25519 key could be made") }
        return publicKey
    }

    /// - Throws: `keyExchangeFailed` if the peer's point has the wrong length or a small order.
    static func sharedSecret(privateKey: SecretBytes, peer: [UInt8]) throws -> SecretBytes {
        Sodium.prepare()
        guard peer.count == Self.keyLength, privateKey.count == Self.keyLength else {
            throw SSHError(.keyExchangeFailed, "an X25519 public value has \(peer.count) bytes instead of 32")
        }
        return try SecretBytes.make(count: Self.keyLength) { secret in
            let result = privateKey.withPointer { crypto_scalarmult_curve25519(secret, $0, peer) }
            // RFC 8731 §3: abort when the result is all zeros, which a point of small order gives.
            guard result == 0, sodium_is_zero(secret, Self.keyLength) == 0 else {
                throw SSHError(.keyExchangeFailed, "an X25519 public value is a point of small order")
            }
        }
    }
}
