import NIOCore
import SSHCrypto
import SSHWire
import Testing

@testable import SSHProtocol

/// A client whose keys are held elsewhere.
struct LoginSignatureTests {
    private let keys: [Ed25519PrivateKey]

    init() throws {
        self.keys = try (60..<63).map { try Ed25519PrivateKey.generate(random: SeededRandom(seed: $0)) }
    }

    /// - Parameters:
    ///   - external: which of the three keys are held elsewhere.
    ///   - authorized: which of them may log in.
    private func pair(
        external: Set<Int> = [0, 1, 2],
        authorized: Set<Int>,
        seed: UInt64 = 1,
        cut: Bool = false
    ) throws -> EnginePair {
        let pair = try EnginePair(seed: seed, cut: cut) { client in
            client.identities = self.keys.enumerated().map { place, key in
                external.contains(place) ? ExternalKey(key.publicKey) as any KeyPair : key
            }
        }
        let allowed = authorized.map { self.keys[$0].publicKey }
        pair.authorizes = { request in
            guard case .key(let key) = request.credential else { return false }
            return allowed.contains(key)
        }
        return pair
    }

    private static func proofs(_ pair: EnginePair) -> [Bool] {
        pair.serverEvents.compactMap {
            if case .authenticationRequest(let request) = $0 { request.isSigned } else { nil }
        }
    }

    @Test func onlyAKeyThatTheServerWouldTakeIsAskedToSign() throws {
        let pair = try self.pair(authorized: [1])
        pair.run()
        #expect(pair.awaitedSignatures.map(\.request.key) == [self.keys[1].publicKey])
        #expect(pair.awaitedSignatures.first?.request.purpose == .login)
        #expect(Self.proofs(pair) == [false, false])
        try pair.sign(with: self.keys)
        try pair.logIn()
        #expect(Self.proofs(pair) == [false, false, true])
    }

    @Test func aKeyInMemorySignsAtOnce() throws {
        let pair = try self.pair(external: [], authorized: [1])
        try pair.logIn()
        #expect(pair.awaitedSignatures.isEmpty)
        #expect(Self.proofs(pair) == [true, true])
    }

    @Test func aKeyThatIsNotSignedWithMakesWayForTheNext() throws {
        for signature in [nil, [], [1, 2, 3], [UInt8](repeating: 0, count: 1 << 20)] as [[UInt8]?] {
            let pair = try self.pair(external: [0, 1], authorized: [0, 2])
            pair.run()
            let (side, request) = try pair.takeAwaited()
            #expect(request.key == self.keys[0].publicKey)
            pair.answer(side, request, signature)
            pair.run()
            #expect(pair.clientError == nil && pair.awaitedSignatures.isEmpty)
            #expect(pair.serverIsAuthenticated)
        }
    }

    @Test func whenNobodySignsTheLoginFailsAndSaysSo() throws {
        let pair = try self.pair(authorized: [0, 1, 2])
        for place in 0..<3 {
            pair.run()
            let (side, request) = try pair.takeAwaited()
            #expect(request.key == self.keys[place].publicKey)
            pair.answer(side, request, nil)
        }
        pair.run()
        #expect(pair.clientError?.code == .authenticationFailed)
        #expect(pair.clientError?.reason == "Permission denied (publickey).")
        let unsigned = pair.client.clientLoginReport?.unsigned
        #expect(unsigned == self.keys.map(\.publicKey))
    }

    @Test func anAnswerAboutAnotherKeyEndsTheConnection() throws {
        let (asked, other) = (self.keys[0].publicKey, self.keys[1].publicKey)
        let answers = [
            UserAuthenticationPublicKeyOK(algorithm: "ssh-ed25519", blob: other.blob),
            UserAuthenticationPublicKeyOK(algorithm: "rsa-sha2-512", blob: asked.blob),
        ]
        for answer in answers {
            var authentication = try self.authentication()
            expectError(.protocolViolation) { _ = try authentication.receive(answer, Self.facts) }
        }
        var authentication = try self.authentication()
        let right = UserAuthenticationPublicKeyOK(algorithm: "ssh-ed25519", blob: asked.blob)
        guard case .sign(asked, "ssh-ed25519", _) = try authentication.receive(right, Self.facts) else {
            Issue.record("the key is not asked to sign")
            return
        }
        // Twice, and whatever else a server may say while somebody signs.
        expectError(.protocolViolation) { _ = try authentication.receive(right, Self.facts) }
        expectError(.protocolViolation) { try authentication.receiveSuccess() }
        let failure = UserAuthenticationFailure(methodsThatCanContinue: ["publickey"])
        expectError(.protocolViolation) { _ = try authentication.receive(failure, Self.facts) }
    }

    @Test func aSignatureThatNobodyAwaitsIsMisuse() throws {
        var authentication = try self.authentication()
        expectError(.misuse) { _ = try authentication.receive(signature: [], Self.facts) }
    }

    /// Both sides wait for others now and then, bytes are cut anywhere, and answers come in any order, some of them wrong.
    @Test(arguments: 0..<24 as Range<UInt64>)
    func aLoginEndsWellHoweverTheSignaturesCome(seed: UInt64) throws {
        let hostKey = try Ed25519PrivateKey.generate(random: SeededRandom(seed: 64))
        let pair = try EnginePair(
            seed: seed + 1,
            cut: true,
            client: { $0.identities = self.keys.map { ExternalKey($0.publicKey) } },
            server: { $0.hostKeys = [ExternalKey(hostKey.publicKey)] }
        )
        pair.authorizes = { _ in true }
        let random = SeededRandom(seed: seed &+ 500)
        let signers: [any SigningKey] = self.keys + [hostKey]
        var failures = 0
        func isDone() -> Bool { pair.client.isAuthenticated && pair.server.isAuthenticated }
        for _ in 0..<3_000 where !isDone() {
            switch random.randomBytes(1)[0] % 6 {
            case 0:
                guard let (side, request) = pair.awaitedSignatures.popLast() else { continue }
                let key = try #require(signers.first { $0.publicKey == request.key })
                let isRight = request.purpose == .keyExchange || failures == 2 || random.randomBytes(1)[0] % 2 == 0
                if !isRight { failures += 1 }
                let signature = try key.sign(request.bytes, algorithm: request.algorithm)
                pair.answer(side, request, isRight ? signature : signature.dropLast())
            case 1...3: pair.step(to: .server)
            default: pair.step(to: .client)
            }
        }
        try pair.sign(with: signers)
        try pair.logIn()
        #expect(Self.proofs(pair).count(where: \.self) == 1)
    }

    private static let facts = ClientAuthentication.Facts(
        session: [UInt8](repeating: 7, count: 32),
        hostKey: [1, 2, 3],
        extensions: PeerExtensions()
    )

    /// A client that has asked the server about the first key.
    private func authentication() throws -> ClientAuthentication {
        var configuration = EngineConfiguration(role: .client)
        configuration.identities = self.keys.map { ExternalKey($0.publicKey) }
        var authentication = ClientAuthentication(configuration: configuration)
        _ = try authentication.receive(ServiceAccept(service: "ssh-userauth"), Self.facts)
        return authentication
    }
}
