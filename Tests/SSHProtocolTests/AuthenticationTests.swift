import NIOCore
import SSHCrypto
import SSHTestFixtures
import SSHWire
import Testing

@testable import SSHProtocol

struct AuthenticationTests {
    private let session = [UInt8](repeating: 7, count: 32)
    private let hostKey: [UInt8] = [1, 2, 3]
    private let key: Ed25519PrivateKey

    init() throws {
        self.key = try Ed25519PrivateKey.generate(random: SeededRandom(seed: 42))
    }

    private func server() throws -> ServerAuthentication {
        var authentication = ServerAuthentication(configuration: EngineConfiguration(role: .server))
        _ = try authentication.receive(ServiceRequest(service: "ssh-userauth"))
        return authentication
    }

    private func request(
        user: String = "alice",
        signedFor session: [UInt8]?,
        algorithm: String = "ssh-ed25519",
        boundTo boundHostKey: [UInt8]? = nil,
        signedAs signedUser: String? = nil
    ) throws -> UserAuthenticationRequest {
        var method = UserAuthenticationRequest.PublicKeyMethod(
            algorithm: algorithm,
            blob: self.key.publicKey.blob,
            boundHostKey: boundHostKey,
            signature: nil
        )
        if let session {
            let signed = UserAuthenticationRequest(user: signedUser ?? user, method: .publicKey(method))
            method.signature = try self.key.sign(
                signed.signedBytes(sessionIdentifier: session),
                algorithm: "ssh-ed25519"
            )
        }
        return UserAuthenticationRequest(user: user, method: .publicKey(method))
    }

    private func isAsked(_ action: ServerAuthentication.Action) -> Bool {
        if case .ask = action { true } else { false }
    }

    @Test func theServiceMayBeAskedForAgainBetweenTriesOnly() throws {
        var authentication = try self.server()
        let service = ServiceRequest(service: "ssh-userauth")
        guard case .serviceAccept = try authentication.receive(service) else {
            Issue.record("a second request for the service was not accepted")
            return
        }
        let question = try self.request(signedFor: self.session)
        #expect(self.isAsked(try authentication.receive(question, session: self.session, hostKey: self.hostKey)))
        #expect(throws: SSHError.self) { try authentication.receive(service) }
        _ = try authentication.answer(isAllowed: true)
        #expect(throws: SSHError.self) { try authentication.receive(service) }
    }

    @Test func aRefusalThatIsNoFaultOfTheClientsIsNoFailedTry() throws {
        var authentication = try self.server()
        for isCounted in Array(repeating: false, count: 100) + Array(repeating: true, count: 5) {
            let question = try self.request(signedFor: nil)
            #expect(self.isAsked(try authentication.receive(question, session: self.session, hostKey: self.hostKey)))
            guard case .fail = try authentication.answer(isAllowed: false, isCounted: isCounted) else {
                Issue.record("it was not refused")
                return
            }
        }
        _ = try authentication.receive(
            try self.request(signedFor: nil),
            session: self.session,
            hostKey: self.hostKey
        )
        #expect(throws: SSHError.self) { try authentication.answer(isAllowed: false) }
    }

    @Test func anotherNameInTheMiddleIsToldInSshdsWords() throws {
        var authentication = try self.server()
        let first = UserAuthenticationRequest(user: "alice", method: .none)
        _ = try authentication.receive(first, session: self.session, hostKey: self.hostKey)
        let second = UserAuthenticationRequest(user: "bob", method: .none)
        #expect {
            try authentication.receive(second, session: self.session, hostKey: self.hostKey)
        } throws: { error in
            (error as? SSHError)?.reason
                == "Change of username or service not allowed: (alice,ssh-connection) -> (bob,ssh-connection)"
        }
    }

    @Test func aKeyThatWasMerelyAskedAboutLogsNobodyIn() throws {
        var authentication = try self.server()
        let action = try authentication.receive(
            self.request(signedFor: nil),
            session: self.session,
            hostKey: self.hostKey
        )
        #expect(self.isAsked(action))
        guard case .publicKeyOK = try authentication.answer(isAllowed: true) else {
            Issue.record("a question was answered with more than yes")
            return
        }
    }

    @Test func aSignedRequestThatIsAllowedLogsIn() throws {
        var authentication = try self.server()
        let request = try self.request(signedFor: self.session, boundTo: self.hostKey)
        #expect(self.isAsked(try authentication.receive(request, session: self.session, hostKey: self.hostKey)))
        guard case .success = try authentication.answer(isAllowed: true) else {
            Issue.record("not logged in")
            return
        }
    }

    @Test func aSignatureForSomethingElseIsNeverPutToAnybody() throws {
        let wrong = try [
            self.request(signedFor: [UInt8](repeating: 8, count: 32)),
            self.request(signedFor: self.session, signedAs: "bob"),
            self.request(signedFor: self.session, algorithm: "rsa-sha2-256"),
            self.request(signedFor: self.session, boundTo: [9, 9, 9]),
            self.request(signedFor: self.session, algorithm: "ssh-rsa"),
        ]
        for request in wrong {
            var authentication = try self.server()
            let action = try authentication.receive(request, session: self.session, hostKey: self.hostKey)
            #expect(!self.isAsked(action))
        }
    }

    /// A certificate of one type under the name of another's algorithm is not even asked about.
    @Test(arguments: [
        ("ssh-ed25519-cert-v01@openssh.com", true), ("rsa-sha2-512-cert-v01@openssh.com", false),
        ("ssh-ed25519", false),
        ("ecdsa-sha2-nistp256-cert-v01@openssh.com", false), ("sk-ssh-ed25519-cert-v01@openssh.com", false),
        ("ssh-rsa-cert-v01@openssh.com", false),
    ])
    func theDeclaredAlgorithmIsOneOfTheCertificatesKey(_ algorithm: String, _ isAsked: Bool) throws {
        var configuration = EngineConfiguration(role: .server)
        configuration.userKeyAlgorithms += Certificate.userAlgorithms + ["ssh-rsa-cert-v01@openssh.com"]
        var authentication = ServerAuthentication(configuration: configuration)
        _ = try authentication.receive(ServiceRequest(service: "ssh-userauth"))
        let method = UserAuthenticationRequest.PublicKeyMethod(
            algorithm: algorithm,
            blob: try CertificateMaker(key: self.key.publicKey).blob,
            boundHostKey: nil,
            signature: nil
        )
        let request = UserAuthenticationRequest(user: "alice", method: .publicKey(method))
        let action = try authentication.receive(request, session: self.session, hostKey: self.hostKey)
        #expect(self.isAsked(action) == isAsked)
    }

    @Test func theSixthFailureEndsTheConnectionAndTheFirstNoneIsFree() throws {
        var authentication = try self.server()
        let none = UserAuthenticationRequest(user: "alice", method: .none)
        for _ in 0..<6 { _ = try authentication.receive(none, session: self.session, hostKey: self.hostKey) }
        #expect(throws: SSHError.self) {
            _ = try authentication.receive(none, session: self.session, hostKey: self.hostKey)
        }
    }

    /// Asking whether a key would do is no failure, and must come to an end all the same.
    @Test func questionsAboutKeysComeToAnEnd() throws {
        var authentication = try self.server()
        let question = try self.request(signedFor: nil)
        for _ in 0..<ServerAuthentication.maximumRequests {
            #expect(self.isAsked(try authentication.receive(question, session: self.session, hostKey: self.hostKey)))
            _ = try authentication.answer(isAllowed: true)
        }
        #expect {
            _ = try authentication.receive(question, session: self.session, hostKey: self.hostKey)
        } throws: {
            ($0 as? SSHError)?.code == .authenticationFailed
        }
    }

    @Test(arguments: [("alice", "bob"), ("Kevin", "\u{212a}evin")])
    func theUserNameMayNotChange(_ name: String, _ other: String) throws {
        var authentication = try self.server()
        _ = try authentication.receive(
            UserAuthenticationRequest(user: name, method: .none),
            session: self.session,
            hostKey: self.hostKey
        )
        #expect(throws: SSHError.self) {
            _ = try authentication.receive(
                UserAuthenticationRequest(user: other, method: .none),
                session: self.session,
                hostKey: self.hostKey
            )
        }
    }

    @Test func aRefusedKeyEndsWithPermissionDenied() throws {
        let pair = try EnginePair()
        pair.authorizes = { _ in false }
        pair.run()
        #expect(pair.clientError?.code == .authenticationFailed)
        #expect(pair.clientError?.reason == "Permission denied (publickey).")
        #expect(!pair.serverIsAuthenticated)
    }

    @Test(arguments: [UInt8](80...100))
    func nothingOfTheConnectionProtocolCountsBeforeLogin(number: UInt8) throws {
        let pair = try EnginePair()
        // CVE-2025-32433
        try pair.exchangeKeysOnly()
        try pair.send(payload: ByteBuffer(bytes: [number, 0, 0, 0, 0]), from: .client)
        #expect(pair.serverError?.code == .protocolViolation)
        #expect(!pair.serverEvents.contains { if case .globalRequest = $0 { true } else { false } })
    }

    @Test func aClientCannotDeclareItselfLoggedIn() throws {
        let pair = try EnginePair()
        try pair.exchangeKeysOnly()
        try pair.send(UserAuthenticationSuccess(), from: .client)
        #expect(pair.serverError?.code == .protocolViolation)
        #expect(!pair.serverIsAuthenticated)
    }

    @Test func aServerCannotAskAClientToLetItIn() throws {
        let pair = try EnginePair()
        try pair.exchangeKeysOnly()
        try pair.send(UserAuthenticationRequest(user: "alice", method: .none), from: .server)
        #expect(pair.clientError?.code == .protocolViolation)
    }

    @Test(arguments: [(3, nil), (4, SSHError.Code.limitExceeded)] as [(Int, SSHError.Code?)])
    func bytesBeforeLoginAreBounded(count: Int, error: SSHError.Code?) throws {
        let pair = try EnginePair(server: { $0.limits.bytesBeforeLogin = 100_000 })
        try pair.exchangeKeysOnly()
        let payload = ByteBuffer(bytes: [MessageNumber.ignore.rawValue] + [UInt8](repeating: 0, count: 30_000))
        try pair.send(payload: payload, times: count, from: .client)
        #expect(pair.serverError?.code == error)
    }

    @Test func whatComesBeforeLoginIsBounded() throws {
        let pair = try EnginePair()
        try pair.exchangeKeysOnly()
        try pair.send(
            payload: ByteBuffer(bytes: [MessageNumber.ignore.rawValue, 0, 0, 0, 0]),
            times: 600,
            from: .client
        )
        #expect(pair.serverError?.code == .limitExceeded)
    }
}
