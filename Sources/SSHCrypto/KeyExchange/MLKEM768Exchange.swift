import Crypto
import FoundationEssentials
import SSHWire

/// ML-KEM-768 (FIPS 203).
enum MLKEM768Exchange {
    static let publicKeyLength = 1184
    static let ciphertextLength = 1088

    static func makePrivateKey(random: any RandomSource) throws -> MLKEM768.PrivateKey {
        var seed = random.randomBytes(64)
        defer { Sodium.zero(&seed) }
        do {
            return try MLKEM768.PrivateKey(seedRepresentation: seed, publicKey: nil)
        } catch {
            throw SSHError(.keyExchangeFailed, "no ML-KEM key could be made")
        }
    }

    /// - Throws: `keyExchangeFailed` if the key has the wrong length or is not reduced (FIPS 203 §7.2).
    static func encapsulate(to publicKey: [UInt8]) throws -> (ciphertext: [UInt8], secret: SecretBytes) {
        do {
            let result = try MLKEM768.PublicKey(rawRepresentation: publicKey).encapsulate()
            let secret = result.sharedSecret.withUnsafeBytes { SecretBytes(copying: $0) }
            return (Array(result.encapsulated), secret)
        } catch {
            throw SSHError(.keyExchangeFailed, "the peer's ML-KEM key is not a valid one")
        }
    }

    /// A ciphertext that was changed gives another secret, not an error: the exchange hash's signature then fails.
    ///
    /// - Throws: `keyExchangeFailed` if the ciphertext has the wrong length.
    static func decapsulate(_ ciphertext: [UInt8], with privateKey: MLKEM768.PrivateKey) throws -> SecretBytes {
        do {
            return try privateKey.decapsulate(ciphertext).withUnsafeBytes { SecretBytes(copying: $0) }
        } catch {
            throw SSHError(.keyExchangeFailed, "the peer's ML-KEM ciphertext is not a valid one")
        }
    }
}
