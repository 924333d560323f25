import NIOCore
import SSHCrypto
import SSHWire
import Testing

@testable import SSHProtocol

/// A server whose host key is held elsewhere.
struct HostKeySignatureTests {
    private let key: Ed25519PrivateKey

    init() throws {
        self.key = try Ed25519PrivateKey.generate(random: SeededRandom(seed: 90))
    }

    private func pair(
        seed: UInt64 = 1,
        cut: Bool = false,
        client adjust: (inout EngineConfiguration) -> Void = { _ in }
    ) throws -> EnginePair {
        try EnginePair(
            seed: seed,
            cut: cut,
            client: adjust,
            server: { $0.hostKeys = [ExternalKey(self.key.publicKey)] }
        )
    }

    private func signature(_ request: SignatureRequest) throws -> [UInt8] {
        try self.key.sign(request.bytes, algorithm: request.algorithm)
    }

    private static func keyChanges(_ events: [Event]) -> Int {
        events.count { if case .newKeys = $0 { true } else { false } }
    }

    @Test func theKeyExchangeGoesOnWhenTheSignatureIsThere() throws {
        let pair = try self.pair()
        pair.run()
        let (side, request) = try #require(pair.awaitedSignatures.first)
        #expect(side == .server && request.purpose == .keyExchange && request.key == self.key.publicKey)
        #expect(request.algorithm == "ssh-ed25519")
        #expect(Self.keyChanges(pair.clientEvents + pair.serverEvents) == 0)
        let isAwaiting = pair.server.isAwaitingSignature && !pair.server.isAwaitingDecision
        #expect(isAwaiting)
        pair.answer(side, request, try self.signature(request))
        try pair.logIn()
        #expect(pair.awaitedSignatures.count == 1)
        let isStillAwaiting = pair.server.isAwaitingSignature
        #expect(!isStillAwaiting)
        let shown = pair.clientEvents.compactMap { if case .hostKey(let key) = $0 { key.key } else { nil } }
        #expect(shown == [self.key.publicKey])
    }

    @Test func aKeyInMemoryAsksNobody() throws {
        let pair = try EnginePair()
        try pair.logIn()
        try pair.client.transport.startKeyExchange(now: pair.now)
        pair.run()
        #expect(pair.awaitedSignatures.isEmpty)
    }

    @Test(arguments: [PrivateKey.Kind.ecdsa(bits: 256), .ecdsa(bits: 384), .ecdsa(bits: 521), .rsa(bits: 2048)])
    func keysOfEveryTypeAreSignedForAloneAndCertified(kind: PrivateKey.Kind) throws {
        let key = try PrivateKey.generate(kind, random: SystemRandom())
        let authority = try Ed25519PrivateKey.generate(random: SeededRandom(seed: 70))
        let certificate = try Certificate.issued(for: key.publicKey, by: authority)
        for algorithm in key.publicKey.signatureAlgorithms + certificate.algorithms {
            let pair = try EnginePair(
                client: { $0.algorithms.hostKey = [algorithm] },
                server: {
                    $0.hostKeys = [self.key, ExternalKey(key.publicKey)]
                    $0.hostCertificates = [certificate]
                    $0.algorithms.hostKey =
                        AlgorithmPreferences.hostCertificates + AlgorithmPreferences.hostKeySignatures
                }
            )
            try pair.sign(with: [key])
            try pair.logIn()
            let shown = pair.clientEvents.compactMap { if case .hostKey(let key) = $0 { key } else { nil } }.first
            #expect(shown?.key == key.publicKey && shown?.algorithm == algorithm)
        }
    }

    /// The peer's data from before, ours queued meanwhile, cuts anywhere, and answers that come when they like: twice, too.
    @Test(arguments: 0..<16 as Range<UInt64>)
    func dataSurvivesRekeysHoweverLateTheSignaturesCome(seed: UInt64) throws {
        let pair = try self.pair(seed: seed + 1, cut: seed % 2 == 0) { $0.rekeyLimit.bytes = 16 * 1024 }
        var answered: [SignatureRequest] = []
        let random = SeededRandom(seed: seed &+ 1000)
        func drawn(_ count: UInt8) -> UInt8 { random.randomBytes(1)[0] % count }
        /// One of the things that can happen next.
        func step() throws {
            switch drawn(8) {
            case 0:
                guard let (side, request) = pair.awaitedSignatures.popLast() else { return }
                pair.answer(side, request, try self.signature(request))
                answered.append(request)
            case 1:
                guard let request = answered.last else { return }
                expectError(.misuse) { try pair.server.provide(signature: [1], for: request.id) }
                expectError(.misuse) { try pair.server.failSignature(for: request.id, "too late") }
            case 2...4: pair.step(to: .server)
            default: pair.step(to: .client)
            }
        }
        func hasLoggedIn() -> Bool { pair.client.isAuthenticated && pair.server.isAuthenticated }
        for _ in 0..<3_000 where !hasLoggedIn() { try step() }
        try #require(hasLoggedIn())
        let id = try pair.openChannel()
        let data = [UInt8].pattern(96 * 1024)
        pair.client.send(ByteBuffer(bytes: data), on: id)
        pair.server.send(ByteBuffer(bytes: data.reversed()), on: try #require(pair.serverChannel))
        for _ in 0..<3_000 where pair.receivedByServer[0] != data { try step() }
        try pair.sign(with: [self.key])
        #expect(pair.receivedByServer[0] == data)
        #expect(pair.receivedByClient[0] == data.reversed())
        #expect(Self.keyChanges(pair.serverEvents) > 2)
        #expect(pair.clientError == nil && pair.serverError == nil)
    }

    @Test func nothingOfOursLeavesWhileARekeyWaitsForItsSignature() throws {
        let pair = try self.pair()
        try pair.sign(with: [self.key])
        let id = try pair.openChannel()
        try pair.client.transport.startKeyExchange(now: pair.now)
        pair.run()
        #expect(pair.awaitedSignatures.count == 1)
        let channel = try #require(pair.serverChannel)
        pair.server.send(ByteBuffer(string: "data"), on: channel)
        _ = try pair.server.sendGlobalRequest(.other(name: "x", data: ByteBuffer()), wantReply: false)
        let output = try pair.server.takeOutput(limit: 1 << 20, now: pair.now)
        let hasOutput = pair.server.hasOutput
        #expect(output.readableBytes == 0 && !hasOutput)
        try pair.sign(with: [self.key])
        #expect(pair.receivedByClient[id.number] == Array("data".utf8))
        #expect(pair.serverError == nil && pair.clientError == nil)
    }

    @Test func whatAPeerMakesUsHoldMeanwhileIsBounded() throws {
        let pair = try self.pair()
        try pair.sign(with: [self.key])
        try pair.client.transport.startKeyExchange(now: pair.now)
        pair.run()
        let ping = Ping(data: ByteBuffer(repeating: 1, count: 30_000)).payload().buffer
        try pair.send(payload: ping, times: 200, from: .client)
        #expect(pair.serverError?.code == .limitExceeded)
        #expect(pair.serverIsClosed)
    }

    @Test func dataAndNewKeysBeforeOurAnswerEndTheConnection() throws {
        for message in [NewKeys().payload(), ChannelData(recipientChannel: 0, data: ByteBuffer(string: "x")).payload()]
        {
            let pair = try self.pair()
            try pair.sign(with: [self.key])
            _ = try pair.openChannel()
            try pair.client.transport.startKeyExchange(now: pair.now)
            pair.run()
            try pair.send(payload: message.buffer, from: .client)
            #expect(pair.serverError?.code == .protocolViolation)
        }
    }

    @Test func aPeersGoodbyeIsHeardMeanwhile() throws {
        let pair = try self.pair()
        pair.run()
        pair.client.disconnect(.byApplication, "bye")
        pair.run()
        #expect(pair.serverError?.code == .disconnectedByPeer)
    }

    /// Nothing of it may reach the client, who would take it for somebody else's server.
    @Test func aSignatureThatIsNoneEndsTheConnectionUnsent() throws {
        let other = try Ed25519PrivateKey.generate(random: SeededRandom(seed: 91))
        let lies: [(SignatureRequest) throws -> [UInt8]] = [
            { try other.sign($0.bytes, algorithm: $0.algorithm) },
            { try self.key.sign($0.bytes + [0], algorithm: $0.algorithm) },
            { Array(try self.signature($0).dropLast()) },
            { try self.signature($0) + [0] },
            { request in
                var writer = WireWriter()
                writer.writeText("ssh-rsa")
                writer.writeBytes(try self.signature(request).dropFirst(15))
                return writer.bytes
            },
            { _ in [] },
            { _ in [0xff, 0xff, 0xff, 0xff, 0] },
            { try self.signature($0) + [UInt8](repeating: 0, count: 1 << 20) },
        ]
        for lie in lies {
            let pair = try self.pair()
            pair.run()
            let (side, request) = try pair.takeAwaited()
            pair.answer(side, request, try lie(request))
            pair.run()
            let error = try #require(pair.serverError)
            #expect(error.code == .signatureUnavailable && error.reason.contains(self.key.publicKey.fingerprint))
            #expect(pair.clientError?.code == .disconnectedByPeer)
            #expect(pair.clientError?.reason.contains("SHA256") == false)
            #expect(Self.keyChanges(pair.clientEvents) == 0)
            // Too late: the connection is over.
            try pair.server.provide(signature: try self.signature(request), for: request.id)
        }
    }

    @Test func anRSASignatureMustNameTheAlgorithmThatWasAgreedOn() throws {
        let key = try PrivateKey.generate(.rsa(bits: 2048), random: SystemRandom())
        let pair = try EnginePair(
            client: { $0.algorithms.hostKey = ["rsa-sha2-512"] },
            server: { $0.hostKeys = [ExternalKey(key.publicKey)] }
        )
        pair.run()
        let (side, request) = try pair.takeAwaited()
        #expect(request.algorithm == "rsa-sha2-512")
        pair.answer(side, request, try key.sign(request.bytes, algorithm: "rsa-sha2-256"))
        #expect(pair.serverError?.code == .signatureUnavailable)
    }

    @Test func whoGivesNoSignatureEndsTheConnection() throws {
        let pair = try self.pair()
        pair.run()
        let (side, request) = try pair.takeAwaited()
        pair.answer(side, request, nil)
        pair.run()
        #expect(pair.serverError?.code == .signatureUnavailable)
        #expect(pair.serverError?.reason.hasSuffix("nobody signs") == true)
        #expect(pair.clientError?.code == .disconnectedByPeer)
    }

    @Test func aKeyExchangeDoesNotWaitForEver() throws {
        let pair = try self.pair()
        pair.run()
        let limit = EngineLimits().keyExchangeTime
        try pair.server.advance(now: pair.now + limit - .nanoseconds(1))
        let deadline = pair.server.nextDeadline
        #expect(deadline == pair.now + limit)
        expectError(.signatureUnavailable) { try pair.server.advance(now: pair.now + limit) }
    }

    @Test func anotherEnginesRequestIsMisuse() throws {
        let (pair, other) = (try self.pair(), try self.pair(seed: 2))
        pair.run()
        try other.sign(with: [self.key])
        try other.client.transport.startKeyExchange(now: other.now)
        other.run()
        let (_, foreign) = try other.takeAwaited()
        expectError(.misuse) { try pair.server.provide(signature: [], for: foreign.id) }
        expectError(.misuse) { try pair.client.failSignature(for: foreign.id, "") }
        let isAwaiting = pair.server.isAwaitingSignature
        #expect(isAwaiting)
    }
}
