import SSHWire
import Testing

@testable import SSHCrypto

/// The expected bytes were computed from RFC 4253 §7.2 and RFC 5656 §4 with another implementation of SHA-2.
struct KeyDerivationTests {
    private let secret = SharedSecret(mpint: SecretBytes(bytes: [0x80] + [UInt8](repeating: 1, count: 31)))

    @Test func keysAreThoseOfTheRFCHoweverLong() {
        let derivation = KeyDerivation(
            .sha256,
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

    @Test(
        arguments: [
            (
                HashAlgorithm.sha384,
                """
                aa9fcebf8a04e403565671de780d3aa997edb1f4d9a649ace467e4988b74692f
                262dc4d137693a887a2590a52e9d8ef0a99525386c4afae0098f9b0da0d0e9bd
                2aa7a6e3067abba55e30bc2e0921f599
                """,
                "2d7703a5ae1afa3ffff45a0bca933956267a66c5027bfcb191de3c2658d951909b60aa5d77ca03457ad50e46270d63ae"
            ),
            (
                .sha512,
                """
                bbbd7507d35a2717c29086836262afb337c71f0fb457c85c907c5950dc5f499d
                e237c024103e9f1685e6cb00a638d7c4fee0b764749f6bc2179dbaf45f9e564f
                4a3e73a1020ed1669203de5a02fb30c4
                """,
                """
                00d825a3bf43095ea7bf15de864176d176d5b1da312e29f9f8b0485eb842b924
                7c82452ce7f108a3df1d892713fb4f652d518e84e86c77c0872f6f2d81d52849
                """
            ),
        ]
    )
    func theMethodsOwnHashMakesKeysAndExchangeHash(algorithm: HashAlgorithm, key: String, exchangeHash: String) {
        let derivation = KeyDerivation(
            algorithm,
            secret: self.secret,
            exchangeHash: algorithm.hash(Array("H".utf8)),
            sessionIdentifier: algorithm.hash(Array("session".utf8))
        )
        for length in [1, 32, 48, 49, 64, 65, 80] {
            #expect(derivation.derive("C", length: length) == SecretBytes(bytes: Array(hex(key).prefix(length))))
        }
        #expect(self.input.hash(algorithm) == hex(exchangeHash))
        #expect(hex(exchangeHash).count == algorithm.length)
    }

    private var input: ExchangeHashInput {
        ExchangeHashInput(
            clientVersion: Array("SSH-2.0-c".utf8),
            serverVersion: Array("SSH-2.0-s".utf8),
            clientKexInit: [20] + Array("c".utf8),
            serverKexInit: [20] + Array("s".utf8),
            hostKey: Array("hostkey".utf8),
            initiatorValue: Array("init".utf8),
            responderValue: Array("reply".utf8),
            secret: self.secret
        )
    }

    @Test func theExchangeHashCoversEveryField() {
        let input = self.input
        #expect(input.hash(.sha256) == hex("90316395317e86fc6f3860ff7c455be90c5d9f7b432a4f55bd5e8d5982ccbfc2"))
        let fields: [WritableKeyPath<ExchangeHashInput, [UInt8]>] = [
            \.clientVersion, \.serverVersion, \.clientKexInit, \.serverKexInit, \.hostKey, \.initiatorValue,
            \.responderValue,
        ]
        for field in fields {
            var other = input
            other[keyPath: field].append(0)
            #expect(other.hash(.sha256) != input.hash(.sha256))
        }
        var other = input
        other.secret = SharedSecret(mpint: SecretBytes(bytes: [1]))
        #expect(other.hash(.sha256) != input.hash(.sha256))
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
