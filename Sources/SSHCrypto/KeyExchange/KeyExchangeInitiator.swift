import Crypto
import SSHWire

/// The client's side of a key exchange: it sends a value first.
public final class KeyExchangeInitiator {
    /// What SSH_MSG_KEX_ECDH_INIT or SSH_MSG_KEX_HYBRID_INIT carries: Q_C or C_INIT.
    public let initialValue: [UInt8]
    private let classicalKey: X25519
    private let postQuantumKey: MLKEM768.PrivateKey?

    /// - Throws: `keyExchangeFailed` if no key could be made.
    public init(_ algorithm: KeyExchangeAlgorithm, random: any RandomSource) throws {
        self.classicalKey = try X25519(random: random)
        let classicalValue = self.classicalKey.publicKey
        switch algorithm {
        case .mlkem768x25519:
            let key = try MLKEM768Exchange.makePrivateKey(random: random)
            self.postQuantumKey = key
            self.initialValue = Array(key.publicKey.rawRepresentation) + classicalValue
        case .curve25519, .curve25519LibSSH:
            self.postQuantumKey = nil
            self.initialValue = classicalValue
        }
    }

    /// - Parameter reply: Q_S or S_REPLY.
    /// - Throws: `keyExchangeFailed` if it has the wrong length or gives no secret.
    public func sharedSecret(reply: [UInt8]) throws -> SharedSecret {
        guard let postQuantumKey = self.postQuantumKey else {
            return SharedSecret(mpint: try self.classicalKey.sharedSecret(peer: reply))
        }
        guard reply.count == MLKEM768Exchange.ciphertextLength + X25519.keyLength else {
            throw SSHError(.keyExchangeFailed, "a hybrid key exchange reply has \(reply.count) bytes instead of 1120")
        }
        let ciphertext = Array(reply.prefix(MLKEM768Exchange.ciphertextLength))
        let classicalValue = Array(reply.suffix(X25519.keyLength))
        return MLKEM768Exchange.combine(
            postQuantum: try MLKEM768Exchange.decapsulate(ciphertext, with: postQuantumKey),
            classical: try self.classicalKey.sharedSecret(peer: classicalValue)
        )
    }
}
