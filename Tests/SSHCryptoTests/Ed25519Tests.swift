import SSHWire
import Testing

@testable import SSHCrypto

struct Ed25519Tests {
    /// RFC 8032 §7.1, tests 1 to 3: seed, public key, message, signature.
    @Test(arguments: [
        (
            "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
            "",
            """
            e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155
            5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b
            """
        ),
        (
            "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
            "72",
            """
            92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da
            085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00
            """
        ),
        (
            "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
            "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
            "af82",
            """
            6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac
            18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a
            """
        ),
    ])
    func vectorsOfTheRFC(seed: String, publicKey: String, message: String, signature: String) throws {
        let key = try Ed25519PrivateKey(seed: SecretBytes(bytes: hex(seed)))
        #expect(key.publicKeyBytes == hex(publicKey))
        var expected = WireWriter()
        expected.writeText("ssh-ed25519")
        expected.writeString(hex(signature))
        #expect(try key.sign(hex(message), algorithm: "ssh-ed25519") == expected.bytes)
        try key.publicKey.verify(signature: expected.bytes, over: hex(message), algorithm: "ssh-ed25519")
    }

    @Test func anyChangeMakesASignatureWrong() throws {
        let key = try Ed25519PrivateKey.generate(random: SeededRandom(seed: 1))
        let other = try Ed25519PrivateKey.generate(random: SeededRandom(seed: 2))
        let data = bytes(0..<50)
        let signature = try key.sign(data, algorithm: "ssh-ed25519")
        let details = try key.publicKey.verify(signature: signature, over: data, algorithm: "ssh-ed25519")
        #expect(details.securityKey == nil)
        expectError(.invalidKey) {
            try key.publicKey.verify(signature: signature, over: data + [0], algorithm: "ssh-ed25519")
        }
        expectError(.invalidKey) {
            try other.publicKey.verify(signature: signature, over: data, algorithm: "ssh-ed25519")
        }
        for index in signature.indices {
            var changed = signature
            changed[index] ^= 1
            expectError(of: [.invalidKey, .protocolViolation]) {
                try key.publicKey.verify(signature: changed, over: data, algorithm: "ssh-ed25519")
            }
        }
        for length in signature.indices {
            expectError(of: [.invalidKey, .protocolViolation]) {
                try key.publicKey.verify(
                    signature: Array(signature.prefix(length)),
                    over: data,
                    algorithm: "ssh-ed25519"
                )
            }
        }
        expectError(.protocolViolation) {
            try key.publicKey.verify(signature: signature + [0], over: data, algorithm: "ssh-ed25519")
        }
    }

    /// With the neutral element as a key, the neutral element and zero would be a signature of anything.
    @Test func aKeyOfSmallOrderVerifiesNothing() {
        let neutral = [1] + [UInt8](repeating: 0, count: 31)
        let signature = neutral + [UInt8](repeating: 0, count: 32)
        #expect(!Ed25519.isValid(signature: signature, over: [1, 2, 3], publicKey: neutral))
    }

    /// RFC 8032 §5.1.7: S is below the group's order, or a signature could be changed without its key.
    @Test func aSignatureThatIsNotReducedIsWrong() throws {
        let key = try Ed25519PrivateKey.generate(random: SeededRandom(seed: 3))
        var signature = try key.sign([1, 2, 3])
        #expect(Ed25519.isValid(signature: signature, over: [1, 2, 3], publicKey: key.publicKeyBytes))
        let order = hex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010")
        var carry = 0
        for index in 0..<32 {
            let sum = Int(signature[32 + index]) + Int(order[index]) + carry
            signature[32 + index] = UInt8(truncatingIfNeeded: sum)
            carry = sum >> 8
        }
        #expect(!Ed25519.isValid(signature: signature, over: [1, 2, 3], publicKey: key.publicKeyBytes))
    }

    @Test func otherAlgorithmsAndLengthsAreRefused() throws {
        let key = try Ed25519PrivateKey.generate(random: SeededRandom(seed: 4))
        expectError(.misuse) { try key.sign([1], algorithm: "ssh-rsa") }
        for length in [0, 31, 33, 64] {
            expectError(.invalidKey) { try Ed25519PrivateKey(seed: SecretBytes(bytes: bytes(0..<length))) }
        }
    }
}
