import NIOCore
import SSHCrypto
import SSHWire
import Testing

@testable import SSHProtocol

/// RFC 4253 §7.1: a client may send its first key exchange packet before it knows the method; one that was guessed wrongly is
/// passed over.
struct GuessedKeyExchangeTests {
    private static let now = NIODeadline.uptimeNanoseconds(1)

    /// A server that knows curve25519-sha256 and an ed25519 key, and has heard these packets.
    ///
    /// - Returns: whether it has answered the exchange, and what it found wrong.
    private static func answer(
        methods: [String],
        hostKeys: [String] = ["ssh-ed25519"],
        follows: Bool = true,
        _ values: [[UInt8]]
    ) throws -> (isDone: Bool, error: SSHError.Code?) {
        var configuration = EngineConfiguration(role: .server)
        configuration.hostKeys = [try Ed25519PrivateKey.generate(random: SeededRandom(seed: 1))]
        configuration.algorithms.keyExchange = [.curve25519]
        var server = try Engine(configuration: configuration, random: SeededRandom(seed: 2), now: Self.now)
        let message = KeyExchangeInit(
            cookie: [UInt8](repeating: 0, count: 16),
            keyExchange: methods,
            hostKey: hostKeys,
            ciphers: ["aes256-gcm@openssh.com"],
            macs: ["hmac-sha2-256"],
            firstKeyExchangePacketFollows: follows
        )
        var client = PacketTransmitter()
        client.appendIdentification(Array("SSH-2.0-guesser".utf8))
        let payloads = [message.payload()] + values.map { KeyExchangeECDHInit(initiatorValue: $0).payload() }
        for payload in payloads {
            try client.send(header: payload.buffer, body: ByteBuffer(), random: SeededRandom(seed: 3))
        }
        server.receive(client.takeOutput(), now: Self.now)
        do {
            while try server.nextEvent(now: Self.now) != nil {}
        } catch let error as SSHError {
            return (server.transport.hasKeys, error.code)
        }
        return (server.transport.hasKeys, nil)
    }

    private static func value() throws -> [UInt8] {
        try KeyExchangeInitiator(.curve25519, random: SeededRandom(seed: 4)).initialValue
    }

    private static let nonsense: [UInt8] = [1, 2, 3]

    @Test func aRightGuessIsAnswered() throws {
        let answer = try Self.answer(methods: ["curve25519-sha256"], [Self.value()])
        #expect(answer.isDone && answer.error == nil)
    }

    @Test(arguments: [
        (["ecdh-sha2-nistp256", "curve25519-sha256"], ["ssh-ed25519"]),
        (["curve25519-sha256"], ["rsa-sha2-512", "ssh-ed25519"]),
    ])
    func oneWrongGuessIsPassedOver(methods: [String], hostKeys: [String]) throws {
        let guessed = try Self.answer(methods: methods, hostKeys: hostKeys, [Self.nonsense])
        #expect(!guessed.isDone && guessed.error == nil)
        let answer = try Self.answer(methods: methods, hostKeys: hostKeys, [Self.nonsense, Self.value()])
        #expect(answer.isDone && answer.error == nil)
        let second = try Self.answer(methods: methods, hostKeys: hostKeys, [Self.nonsense, Self.nonsense])
        #expect(!second.isDone && second.error == .keyExchangeFailed)
    }

    @Test func nothingIsPassedOverThatIsNoGuess() throws {
        let methods = ["ecdh-sha2-nistp256", "curve25519-sha256"]
        let answer = try Self.answer(methods: methods, follows: false, [Self.nonsense])
        #expect(!answer.isDone && answer.error == .keyExchangeFailed)
        let right = try Self.answer(methods: ["curve25519-sha256"], [Self.nonsense])
        #expect(!right.isDone && right.error == .keyExchangeFailed)
    }
}
