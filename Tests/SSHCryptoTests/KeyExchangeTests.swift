import SSHWire
import Testing

@testable import SSHCrypto

struct KeyExchangeTests {
    @Test(arguments: KeyExchangeAlgorithm.allCases)
    func bothSidesGetTheSameSecret(algorithm: KeyExchangeAlgorithm) throws {
        // X25519's result starts with a zero, or a byte above 0x7f, in enough of these to try the mpint's forms.
        let isSlow = algorithm.isByNameOnly || algorithm.rawValue.hasPrefix("sntrup")
        for seed in 0..<UInt64(isSlow ? 4 : 64) {
            let random = SeededRandom(seed: seed)
            let initiator = try KeyExchangeInitiator(algorithm, random: random)
            let (reply, secret) = try KeyExchangeResponder.respond(
                algorithm,
                to: initiator.initialValue,
                random: random
            )
            #expect(try initiator.sharedSecret(reply: reply).encoded == secret.encoded)
        }
    }

    @Test(arguments: KeyExchangeAlgorithm.allCases)
    func eachExchangeHasASecretOfItsOwn(algorithm: KeyExchangeAlgorithm) throws {
        let random = SystemRandom()
        let first = try KeyExchangeInitiator(algorithm, random: random)
        let second = try KeyExchangeInitiator(algorithm, random: random)
        #expect(first.initialValue != second.initialValue)
        let one = try KeyExchangeResponder.respond(algorithm, to: first.initialValue, random: random)
        let other = try KeyExchangeResponder.respond(algorithm, to: first.initialValue, random: random)
        #expect(one.secret.encoded != other.secret.encoded)
    }

    @Test func theWireLengthsAreThoseOfTheDefinitions() throws {
        for (algorithm, initial, reply) in [
            (KeyExchangeAlgorithm.curve25519, 32, 32), (.curve25519LibSSH, 32, 32), (.mlkem768x25519, 1216, 1120),
            (.sntrup761x25519, 1190, 1071), (.sntrup761x25519OpenSSH, 1190, 1071),
            (.ecdhP256, 65, 65), (.ecdhP384, 97, 97), (.ecdhP521, 133, 133),
        ] {
            let random = SeededRandom(seed: 1)
            let initiator = try KeyExchangeInitiator(algorithm, random: random)
            #expect(initiator.initialValue.count == initial)
            let answer = try KeyExchangeResponder.respond(algorithm, to: initiator.initialValue, random: random)
            #expect(answer.reply.count == reply)
        }
    }

    /// A number may have any length; `DiffieHellmanTests` has those that are refused.
    @Test(arguments: KeyExchangeAlgorithm.offered)
    func valuesOfAnotherLengthAreRefused(algorithm: KeyExchangeAlgorithm) throws {
        let random = SeededRandom(seed: 2)
        let initiator = try KeyExchangeInitiator(algorithm, random: random)
        let (reply, _) = try KeyExchangeResponder.respond(algorithm, to: initiator.initialValue, random: random)
        for change in [[UInt8].init, { $0.dropLast() }, { $0 + [0] }, { _ in [1] }, { $0 + $0 }]
            as [([UInt8]) -> [UInt8]]
        {
            let initialValue = change(initiator.initialValue)
            if initialValue != initiator.initialValue {
                expectError(.keyExchangeFailed) {
                    try KeyExchangeResponder.respond(algorithm, to: initialValue, random: random)
                }
            }
            let changedReply = change(reply)
            if changedReply != reply {
                expectError(.keyExchangeFailed) { try initiator.sharedSecret(reply: changedReply) }
            }
        }
        expectError(.keyExchangeFailed) { try KeyExchangeResponder.respond(algorithm, to: [], random: random) }
        expectError(.keyExchangeFailed) { try initiator.sharedSecret(reply: []) }
    }

    /// On the NIST curves none has a small order, and an ending taken from elsewhere is no point of the curve.
    @Test(arguments: KeyExchangeAlgorithm.offered, X25519Tests.smallOrder)
    func aPointOfSmallOrderInAnyValueIsRefused(algorithm: KeyExchangeAlgorithm, point: String) throws {
        let random = SeededRandom(seed: 3)
        let initiator = try KeyExchangeInitiator(algorithm, random: random)
        let (reply, _) = try KeyExchangeResponder.respond(algorithm, to: initiator.initialValue, random: random)
        let badInitialValue = initiator.initialValue.dropLast(32) + hex(point)
        let badReply = reply.dropLast(32) + hex(point)
        expectError(.keyExchangeFailed) {
            try KeyExchangeResponder.respond(algorithm, to: Array(badInitialValue), random: random)
        }
        expectError(.keyExchangeFailed) { try initiator.sharedSecret(reply: Array(badReply)) }
    }

    @Test func theOrderOfPreferenceIsThatOfTheDesign() {
        #expect(
            KeyExchangeAlgorithm.offered.map(\.rawValue) == [
                "mlkem768x25519-sha256", "sntrup761x25519-sha512", "sntrup761x25519-sha512@openssh.com",
                "curve25519-sha256", "curve25519-sha256@libssh.org", "ecdh-sha2-nistp256", "ecdh-sha2-nistp384",
                "ecdh-sha2-nistp521",
            ]
        )
        #expect(
            KeyExchangeAlgorithm.allCases.filter(\.isByNameOnly).map(\.rawValue) == [
                "diffie-hellman-group14-sha256", "diffie-hellman-group16-sha512", "diffie-hellman-group18-sha512",
            ]
        )
        #expect(
            CipherAlgorithm.allCases.map(\.rawValue) == [
                "chacha20-poly1305@openssh.com", "aes256-gcm@openssh.com", "aes128-gcm@openssh.com", "aes256-ctr",
                "aes192-ctr", "aes128-ctr",
            ]
        )
        #expect(
            MACAlgorithm.allCases.map(\.rawValue) == [
                "hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com", "hmac-sha2-256", "hmac-sha2-512",
            ]
        )
    }

    @Test func aChangedReplyGivesAnotherSecret() throws {
        let random = SeededRandom(seed: 4)
        let initiator = try KeyExchangeInitiator(.mlkem768x25519, random: random)
        let (reply, secret) = try KeyExchangeResponder.respond(
            .mlkem768x25519,
            to: initiator.initialValue,
            random: random
        )
        for index in [0, 500, 1087, 1088, 1119] {
            var changed = reply
            changed[index] ^= 1
            #expect(try initiator.sharedSecret(reply: changed).encoded != secret.encoded)
        }
    }
}
