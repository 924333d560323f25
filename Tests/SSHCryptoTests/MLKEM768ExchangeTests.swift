import Crypto
import FoundationEssentials
import SSHWire
import Testing

@testable import SSHCrypto

struct MLKEM768ExchangeTests {
    /// A random source that counts up, so that an ML-KEM seed is 0, 1, 2, ... 63.
    private func countingKey() throws -> MLKEM768.PrivateKey {
        try MLKEM768.PrivateKey(seedRepresentation: bytes(0..<64), publicKey: nil)
    }

    /// Computed with another implementation of FIPS 203.
    @Test func knownPublicKeyOfASeed() throws {
        let publicKey = Array(try self.countingKey().publicKey.rawRepresentation)
        #expect(publicKey.count == MLKEM768Exchange.publicKeyLength)
        let expected = hex("0b7934c83125c788995e2ba6bd761e33046b3e40571be53e023309a29f398cc9")
        #expect(SHA256Digest.hash(publicKey) == expected)
    }

    /// FIPS 203 §6.3: implicit rejection gives SHAKE256(z || c). Computed with another implementation.
    @Test func knownSecretOfACiphertextThatIsNone() throws {
        let ciphertext = [UInt8](repeating: 0, count: MLKEM768Exchange.ciphertextLength)
        let secret = try MLKEM768Exchange.decapsulate(ciphertext, with: try self.countingKey())
        let expected = hex("c8fbeddafdacef2ffeb8b354ea644f11b5c150f3e2c4a74ce38abba8f854ae16")
        #expect(secret == SecretBytes(bytes: expected))
    }

    @Test func theSeedComesFromTheRandomSource() throws {
        let first = try MLKEM768Exchange.makePrivateKey(random: SeededRandom(seed: 5))
        let second = try MLKEM768Exchange.makePrivateKey(random: SeededRandom(seed: 5))
        #expect(first.publicKey.rawRepresentation == second.publicKey.rawRepresentation)
    }

    /// FIPS 203 §7.2: every coefficient is below 3329. Twelve bits each, so 0xfff is not.
    @Test(arguments: [0, 3, 1149])
    func aKeyThatIsNotReducedIsRefused(offset: Int) throws {
        var key = Array(try self.countingKey().publicKey.rawRepresentation)
        _ = try MLKEM768Exchange.encapsulate(to: key)
        key[offset] = 0xff
        key[offset + 1] |= 0x0f
        expectError(.keyExchangeFailed) { try MLKEM768Exchange.encapsulate(to: key) }
    }

    @Test func theSmallestNumberThatIsNotReducedIsRefused() throws {
        var key = Array(try self.countingKey().publicKey.rawRepresentation)
        key[0] = 0x00
        key[1] = key[1] & 0xf0 | 0x0d
        _ = try MLKEM768Exchange.encapsulate(to: key)
        // 3329 is 0xd01.
        key[0] = 0x01
        expectError(.keyExchangeFailed) { try MLKEM768Exchange.encapsulate(to: key) }
    }

    @Test func otherLengthsAreRefused() throws {
        let key = try self.countingKey()
        let publicKey = Array(key.publicKey.rawRepresentation)
        for wrong in [[], Array(publicKey.dropLast()), publicKey + [0]] {
            expectError(.keyExchangeFailed) { try MLKEM768Exchange.encapsulate(to: wrong) }
        }
        for length in [0, 1087, 1089] {
            expectError(.keyExchangeFailed) { try MLKEM768Exchange.decapsulate(bytes(0..<length), with: key) }
        }
    }

    /// K is a string of the hash of both secrets, the post-quantum one first.
    @Test func bothSecretsEnterTheHash() {
        let secret = SharedSecret(
            .sha256,
            postQuantum: SecretBytes(bytes: [UInt8](repeating: 1, count: 32)),
            classical: SecretBytes(bytes: [UInt8](repeating: 2, count: 32))
        )
        let expected = hex("00000020f818afd37a6dc3bc92fb44731011277006db4efa6e9023cd7468c02335d22a4d")
        #expect(secret.encoded == SecretBytes(bytes: expected))
    }
}
