import Crypto
import SSHWire

/// The client's side of a key exchange: it sends a value first.
public final class KeyExchangeInitiator {
    private enum Key {
        case mlkem768x25519(MLKEM768.PrivateKey, X25519)
        case sntrup761x25519(SNTRUP761PrivateKey, X25519)
        case curve25519(X25519)
        case ellipticCurve(ECDHKey)
        case finiteField(DiffieHellmanKey)
    }

    /// What SSH_MSG_KEX_ECDH_INIT, SSH_MSG_KEX_HYBRID_INIT or SSH_MSG_KEXDH_INIT carries: Q_C, C_INIT or e.
    public let initialValue: [UInt8]
    private let key: Key

    /// - Throws: `keyExchangeFailed` if no key could be made.
    public init(_ algorithm: KeyExchangeAlgorithm, random: any RandomSource) throws {
        switch algorithm.method {
        case .mlkem768x25519:
            let classical = try X25519(random: random)
            let postQuantum = try MLKEM768Exchange.makePrivateKey(random: random)
            self.key = .mlkem768x25519(postQuantum, classical)
            self.initialValue = Array(postQuantum.publicKey.rawRepresentation) + classical.publicKey
        case .sntrup761x25519:
            let classical = try X25519(random: random)
            let postQuantum = SNTRUP761PrivateKey(random: random)
            self.key = .sntrup761x25519(postQuantum, classical)
            self.initialValue = postQuantum.publicKey + classical.publicKey
        case .curve25519:
            let key = try X25519(random: random)
            self.key = .curve25519(key)
            self.initialValue = key.publicKey
        case .ellipticCurve(let curve):
            let key = try ECDHKey(curve, random: random)
            self.key = .ellipticCurve(key)
            self.initialValue = key.publicKey
        case .finiteField(let group):
            let key = try DiffieHellmanKey(group, random: random)
            self.key = .finiteField(key)
            self.initialValue = key.publicValue
        }
    }

    /// - Parameter reply: Q_S, S_REPLY or f.
    /// - Throws: `keyExchangeFailed` if it has the wrong length or gives no secret.
    public func sharedSecret(reply: [UInt8]) throws -> SharedSecret {
        switch self.key {
        case .mlkem768x25519(let postQuantum, let classical):
            let parts = try HybridValue(reply, postQuantumLength: MLKEM768Exchange.ciphertextLength)
            return SharedSecret(
                .sha256,
                postQuantum: try MLKEM768Exchange.decapsulate(parts.postQuantum, with: postQuantum),
                classical: try classical.sharedSecret(peer: parts.classical)
            )
        case .sntrup761x25519(let postQuantum, let classical):
            let parts = try HybridValue(reply, postQuantumLength: SNTRUP761.ciphertextLength)
            return SharedSecret(
                .sha512,
                postQuantum: try postQuantum.decapsulate(parts.postQuantum),
                classical: try classical.sharedSecret(peer: parts.classical)
            )
        case .curve25519(let key):
            return SharedSecret(mpint: try key.sharedSecret(peer: reply))
        case .ellipticCurve(let key):
            return SharedSecret(mpint: try key.sharedSecret(peer: reply))
        case .finiteField(let key):
            return SharedSecret(mpint: try key.sharedSecret(peer: reply))
        }
    }
}

/// C_INIT or S_REPLY of a hybrid method: the value of the post-quantum method, then X25519's.
struct HybridValue {
    let postQuantum: [UInt8]
    let classical: [UInt8]

    /// - Throws: `keyExchangeFailed` if the value has another length.
    init(_ value: [UInt8], postQuantumLength: Int) throws {
        let length = postQuantumLength + X25519.keyLength
        guard value.count == length else {
            let reason = "a hybrid key exchange value has \(value.count) bytes instead of \(length)"
            throw SSHError(.keyExchangeFailed, reason)
        }
        self.postQuantum = Array(value.prefix(postQuantumLength))
        self.classical = Array(value.suffix(X25519.keyLength))
    }
}
