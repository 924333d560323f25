import SSHWire
import Testing

@testable import SSHCrypto

/// The expected bytes were computed from RFC 4253 §7.2 and RFC 5656 §4 with another implementation of SHA-256.
struct KeyDerivationTests {
    private let secret = SharedSecret(mpint: SecretBytes(bytes: [0x80] + [UInt8](repeating: 1, count: 31)))

    @Test func keysAreThoseOfTheRFCHoweverLong() {
        let derivation = KeyDerivation(
            secret: self.secret,
            exchangeHash: SHA256Digest.hash(Array("H".utf8)),
            sessionIdentifier: SHA256Digest.hash(Array("session".utf8))
        )
        let expected = hex(
            """
            31b3397e0b1056dd4b32a51f62fe19b71ae203b7903316b21ee0c3e36655254e
            fd8f08139d7a55bfe6be50fc1b9ecc34db1cf20fa66190bbdd064de413528a82
            b64d6f9e774853ad2b4db8064882e6f0
            """
        )
        for length in [0, 1, 12, 16, 31, 32, 33, 64, 65, 80] {
            #expect(derivation.derive("C", length: length) == SecretBytes(bytes: Array(expected.prefix(length))))
        }
        let letters: [Character] = ["A", "B", "C", "D", "E", "F"]
        let keys = Set(letters.map { derivation.derive($0, length: 32).withBytes { Array($0) } })
        #expect(keys.count == 6)
    }

    @Test func theExchangeHashCoversEveryField() {
        let input = ExchangeHashInput(
            clientVersion: Array("SSH-2.0-c".utf8),
            serverVersion: Array("SSH-2.0-s".utf8),
            clientKexInit: [20] + Array("c".utf8),
            serverKexInit: [20] + Array("s".utf8),
            hostKey: Array("hostkey".utf8),
            initiatorValue: Array("init".utf8),
            responderValue: Array("reply".utf8),
            secret: self.secret
        )
        #expect(input.hash() == hex("90316395317e86fc6f3860ff7c455be90c5d9f7b432a4f55bd5e8d5982ccbfc2"))
        let fields: [WritableKeyPath<ExchangeHashInput, [UInt8]>] = [
            \.clientVersion, \.serverVersion, \.clientKexInit, \.serverKexInit, \.hostKey, \.initiatorValue,
            \.responderValue,
        ]
        for field in fields {
            var other = input
            other[keyPath: field].append(0)
            #expect(other.hash() != input.hash())
        }
        var other = input
        other.secret = SharedSecret(mpint: SecretBytes(bytes: [1]))
        #expect(other.hash() != input.hash())
    }

    /// RFC 4251 §5.
    @Test(
        arguments: [
            ([0x80], "000000020080"), ([0x12, 0x34], "000000021234"), ([0, 0, 0x7f], "000000017f"),
            ([0, 0x80, 1], "00000003008001"), ([0, 0], "00000000"), ([], "00000000"),
        ] as [([UInt8], String)]
    )
    func aSecretIsEncodedAsAnMPInt(number: [UInt8], encoded: String) {
        let secret = SharedSecret(mpint: SecretBytes(bytes: number))
        #expect(secret.encoded == SecretBytes(bytes: hex(encoded)))
        var writer = WireWriter()
        writer.writeUnsignedMPInt(number)
        #expect(writer.bytes == hex(encoded))
    }
}
