import SSHCrypto
import SSHWire

/// The client's side of user authentication (RFC 4252): each key in turn. One in memory signs at once; one that is held elsewhere
/// signs if the server would take it.
struct ClientAuthentication {
    enum Action {
        case send(UserAuthenticationRequest)
        /// Have this signed: `receive(signature:)` follows.
        case sign(PublicKey, algorithm: String, [UInt8])
    }

    /// What the transport layer knows.
    struct Facts {
        var session: [UInt8]
        var hostKey: [UInt8]
        var extensions: PeerExtensions
    }

    private typealias Method = UserAuthenticationRequest.PublicKeyMethod

    private enum State {
        case awaitingService
        /// A request is out that has been signed, or needs no signature.
        case awaitingAnswer
        /// The server was asked whether the key would do.
        case awaitingPublicKeyOK(PublicKey, Method)
        /// It would, and somebody signs.
        case awaitingSignature(PublicKey, Method)
        case authenticated
    }

    private var state = State.awaitingService
    private let user: String
    private var identities: [any KeyPair]
    private let algorithms: [String]
    private(set) var report = ClientLoginReport()

    init(configuration: EngineConfiguration) {
        self.user = configuration.user
        self.identities = configuration.identities
        self.algorithms = configuration.userKeyAlgorithms
    }

    var start: ServiceRequest { ServiceRequest(service: "ssh-userauth") }

    /// The server is ready to hear who we are.
    mutating func receive(_ accept: ServiceAccept, _ facts: Facts) throws -> Action {
        guard case .awaitingService = self.state, accept.service == "ssh-userauth" else {
            throw SSHError.protocolViolation("the server accepted a service that nobody asked for")
        }
        return try self.nextRequest(facts) ?? self.none()
    }

    /// The last request was refused: try the next key.
    mutating func receive(_ failure: UserAuthenticationFailure, _ facts: Facts) throws -> Action {
        switch self.state {
        case .awaitingAnswer:
            if failure.partialSuccess, let key = self.report.offered.last { self.report.accepted.append(key) }
        case .awaitingPublicKeyOK: break
        case .awaitingService, .awaitingSignature, .authenticated: throw Self.unasked()
        }
        self.report.methods = failure.methodsThatCanContinue
        guard failure.methodsThatCanContinue.contains("publickey"), let action = try self.nextRequest(facts) else {
            throw self.denied()
        }
        return action
    }

    /// The key would do (RFC 4252 §7): whoever holds it signs now.
    mutating func receive(_ answer: UserAuthenticationPublicKeyOK, _ facts: Facts) throws -> Action {
        guard case .awaitingPublicKeyOK(let key, let method) = self.state, answer.blob == method.blob,
            answer.algorithm == method.algorithm
        else { throw SSHError.protocolViolation("the server would take a key that it was not asked about") }
        self.state = .awaitingSignature(key, method)
        return .sign(key, algorithm: method.algorithm, self.signedBytes(method, facts))
    }

    /// Whoever holds the key has signed, or has not: then the next key is tried.
    mutating func receive(signature: [UInt8]?, _ facts: Facts) throws -> Action {
        guard case .awaitingSignature(let key, var method) = self.state else {
            throw SSHError(.misuse, "no login waits for a signature")
        }
        guard let signature else {
            self.report.unsigned.append(key)
            if let action = try self.nextRequest(facts) { return action }
            // Nothing was refused yet: the server says how one can log in.
            guard self.report.methods == nil else { throw self.denied() }
            return self.none()
        }
        self.state = .awaitingAnswer
        method.signature = signature
        return .send(self.request(method))
    }

    mutating func receiveSuccess() throws {
        switch self.state {
        case .awaitingAnswer: break
        // A server that lets everybody in does not look at what was asked.
        case .awaitingPublicKeyOK: break
        case .awaitingService, .awaitingSignature, .authenticated: throw Self.unasked()
        }
        self.state = .authenticated
        self.identities = []
    }

    private mutating func nextRequest(_ facts: Facts) throws -> Action? {
        while !self.identities.isEmpty {
            let identity = self.identities.removeFirst()
            let accepted = facts.extensions.signatureAlgorithms
            guard
                let algorithm = identity.publicKey.signatureAlgorithms.first(where: {
                    self.algorithms.contains($0) && accepted?.contains($0) ?? true
                })
            else {
                self.report.unsuitable.append(identity.publicKey)
                continue
            }
            self.report.offered.append(identity.publicKey)
            var method = Method(
                algorithm: algorithm,
                blob: identity.publicKey.blob,
                boundHostKey: facts.extensions.acceptsHostBound ? facts.hostKey : nil,
                signature: nil
            )
            guard let signer = identity as? any SigningKey else {
                self.state = .awaitingPublicKeyOK(identity.publicKey, method)
                return .send(self.request(method))
            }
            method.signature = try signer.sign(self.signedBytes(method, facts), algorithm: algorithm)
            self.state = .awaitingAnswer
            return .send(self.request(method))
        }
        return nil
    }

    private mutating func none() -> Action {
        self.state = .awaitingAnswer
        return .send(UserAuthenticationRequest(user: self.user, method: .none))
    }

    private func request(_ method: Method) -> UserAuthenticationRequest {
        UserAuthenticationRequest(user: self.user, method: .publicKey(method))
    }

    private func signedBytes(_ method: Method, _ facts: Facts) -> [UInt8] {
        self.request(method).signedBytes(sessionIdentifier: facts.session)
    }

    private func denied() -> SSHError {
        let methods = self.report.methods ?? []
        return SSHError(.authenticationFailed, "Permission denied (\(methods.joined(separator: ","))).")
    }

    private static func unasked() -> SSHError {
        SSHError.protocolViolation("an answer to an authentication request that was never made")
    }
}
