import SSHCrypto
import SSHWire
import Testing

@testable import SSHProtocol

/// RFC 4253 §8: the server proves with the exchange hash's signature that it has the key that it shows.
struct ServerSignatureTests {
    /// Shows one key and signs as it likes.
    private struct Impostor: SigningKey {
        let publicKey: PublicKey
        let signature: @Sendable ([UInt8], String) throws -> [UInt8]

        func sign(_ data: [UInt8], algorithm: String) throws -> [UInt8] {
            try self.signature(data, algorithm)
        }
    }

    private static func run(_ signature: @escaping @Sendable ([UInt8], String) throws -> [UInt8]) throws -> EnginePair {
        let shown = try Ed25519PrivateKey.generate(random: SeededRandom(seed: 21)).publicKey
        let pair = try EnginePair(server: { $0.hostKeys = [Impostor(publicKey: shown, signature: signature)] })
        pair.run()
        return pair
    }

    private static func isPutUpForDecision(_ pair: EnginePair) -> Bool {
        pair.clientEvents.contains { if case .hostKey = $0 { true } else { false } }
    }

    @Test func theKeyThatIsShownSigns() throws {
        let key = try Ed25519PrivateKey.generate(random: SeededRandom(seed: 21))
        let pair = try Self.run { try key.sign($0, algorithm: $1) }
        #expect(pair.clientError == nil && Self.isPutUpForDecision(pair))
    }

    @Test func anotherKeysSignatureIsRefusedBeforeAnybodyIsAsked() throws {
        let key = try Ed25519PrivateKey.generate(random: SeededRandom(seed: 22))
        let pair = try Self.run { try key.sign($0, algorithm: $1) }
        #expect(pair.clientError?.code == .invalidKey && !Self.isPutUpForDecision(pair))
        let hasKeys = pair.client.transport.hasKeys
        #expect(!hasKeys)
    }

    @Test func aSignatureOfSomethingElseIsRefused() throws {
        let key = try Ed25519PrivateKey.generate(random: SeededRandom(seed: 21))
        let pair = try Self.run { try key.sign($0 + [0], algorithm: $1) }
        #expect(pair.clientError?.code == .invalidKey && !Self.isPutUpForDecision(pair))
    }

    @Test(arguments: [[], [0, 0, 0, 0], [0, 0, 0, 11] + Array("ssh-ed25519".utf8) + [0, 0, 0, 0]] as [[UInt8]])
    func whatIsNoSignatureIsRefused(bytes: [UInt8]) throws {
        let pair = try Self.run { _, _ in bytes }
        #expect(pair.clientError != nil && !Self.isPutUpForDecision(pair))
    }
}
