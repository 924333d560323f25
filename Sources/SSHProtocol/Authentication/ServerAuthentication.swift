import NIOCore
public import SSHCrypto
import SSHWire

/// A client's claim to an account, with its proof already checked where it brought one.
///
/// The caller says whether the key may log in. A key that was merely asked about authorises nothing: a signature must
/// follow, and the question is put again with it (CVE-2024-45337).
public struct AuthenticationRequest: Sendable {
    public enum Proof: Sendable {
        /// The client asks whether the key would do.
        case none
        /// The client signed with the key, for this session and this request.
        case signature(SignatureDetails)
    }

    public enum Credential: Sendable {
        case key(PublicKey)
        case certificate(Certificate)
    }

    public var user: String
    /// The signature algorithm the client names.
    public var algorithm: String
    public var credential: Credential
    public var proof: Proof

    public var isSigned: Bool {
        if case .signature = self.proof { true } else { false }
    }
}

/// What a server allows who wants to log in, once it is known who that is.
public struct LoginLimits: Sendable {
    /// Failed tries before the connection ends.
    public var maximumTries: Int
    /// Signature algorithms that are accepted.
    public var algorithms: [String]

    public init(maximumTries: Int, algorithms: [String]) {
        self.maximumTries = maximumTries
        self.algorithms = algorithms
    }
}

/// The server's side of user authentication (RFC 4252).
struct ServerAuthentication {
    enum Action {
        /// Put it to the caller; nothing further is read until it has answered.
        case ask(AuthenticationRequest)
        case serviceAccept(ServiceAccept)
        case fail(UserAuthenticationFailure)
        /// Tell the caller who wants to log in; the request waits for `resume`.
        case announce(user: String)
        case none
    }

    enum Answer {
        case publicKeyOK(UserAuthenticationPublicKeyOK)
        case success
        case fail(UserAuthenticationFailure)
    }

    private enum State {
        case awaitingService
        case awaitingRequest
        /// The first request waits until the caller has said what it wants to say before.
        case announced(UserAuthenticationRequest)
        case awaitingAnswer(AuthenticationRequest, blob: [UInt8])
        case authenticated
    }

    private var state = State.awaitingService
    private var user: String?
    private var failures = 0
    private var requests = 0
    /// As in sshd. Questions whether a key would do are no failures.
    static let maximumRequests = 1024
    private var hasTriedNone = false
    private var limits: LoginLimits
    private let announces: Bool

    init(configuration: EngineConfiguration) {
        self.announces = configuration.announcesLogin
        self.limits = LoginLimits(
            maximumTries: configuration.maximumAuthenticationTries,
            algorithms: configuration.userKeyAlgorithms
        )
    }

    /// The account that the client last asked for, as it wrote it.
    var requestedUser: String? { self.user }

    var isAwaitingAnswer: Bool {
        switch self.state {
        case .announced, .awaitingAnswer: true
        case .awaitingService, .awaitingRequest, .authenticated: false
        }
    }

    /// A banner has its place between the service's acceptance and the end of authentication (RFC 4252 §5.4).
    var maySendBanner: Bool {
        switch self.state {
        case .awaitingRequest, .announced, .awaitingAnswer: true
        case .awaitingService, .authenticated: false
        }
    }

    mutating func receive(_ request: ServiceRequest) throws -> Action {
        switch self.state {
        case .awaitingService: break
        // paramiko asks for the service again before each further key; sshd grants it, too.
        case .awaitingRequest: break
        case .announced, .awaitingAnswer, .authenticated:
            throw SSHError.protocolViolation("a service request out of its time")
        }
        guard request.service == "ssh-userauth" else {
            throw SSHError.protocolViolation("a request for a service other than ssh-userauth before login")
        }
        self.state = .awaitingRequest
        return .serviceAccept(ServiceAccept(service: request.service))
    }

    mutating func receive(_ request: UserAuthenticationRequest, session: [UInt8], hostKey: [UInt8]) throws -> Action {
        switch self.state {
        case .authenticated: return .none  // RFC 4252 §5.1: silently ignored.
        case .awaitingRequest: break
        case .awaitingService, .announced, .awaitingAnswer:
            throw SSHError.protocolViolation("an authentication request before its time")
        }
        self.requests += 1
        guard self.requests <= Self.maximumRequests else { throw Self.tooMany() }
        guard request.service == "ssh-connection" else {
            throw SSHError.protocolViolation("authentication for a service other than ssh-connection")
        }
        // Not ==, which takes two spellings of a letter for one.
        if let user = self.user, !user.utf8.elementsEqual(request.user.utf8) {
            throw SSHError.protocolViolation(
                """
                Change of username or service not allowed: (\(user),\(request.service)) -> \
                (\(request.user),\(request.service))
                """
            )
        }
        let isFirst = self.user == nil
        self.user = request.user
        if isFirst, self.announces {
            self.state = .announced(request)
            return .announce(user: request.user)
        }
        return try self.judge(request, session: session, hostKey: hostKey)
    }

    /// The caller has said what it wanted to say before: the first request is looked at now.
    mutating func resume(_ limits: LoginLimits?, session: [UInt8], hostKey: [UInt8]) throws -> Action {
        guard case .announced(let request) = self.state else {
            throw SSHError(.misuse, "no login waits for its beginning")
        }
        if let limits { self.limits = limits }
        self.state = .awaitingRequest
        return try self.judge(request, session: session, hostKey: hostKey)
    }

    private mutating func judge(
        _ request: UserAuthenticationRequest,
        session: [UInt8],
        hostKey: [UInt8]
    ) throws -> Action {
        switch request.method {
        case .none where !self.hasTriedNone:
            self.hasTriedNone = true
            return .fail(Self.failure)
        case .none, .other:
            return .fail(try self.countFailure())
        case .publicKey(let method):
            guard let question = self.check(request, method, session: session, hostKey: hostKey) else {
                return .fail(try self.countFailure())
            }
            self.state = .awaitingAnswer(question, blob: method.blob)
            return .ask(question)
        }
    }

    /// The caller's answer to `ask`.
    ///
    /// - Parameters:
    ///   - isPartial: a signature by this key alone does not log in: another key's must follow (RFC 4252 §5.1).
    ///   - isCounted: no if a refusal is no fault of the client's: it is no failed try.
    mutating func answer(isAllowed: Bool, isPartial: Bool = false, isCounted: Bool = true) throws -> Answer {
        guard case .awaitingAnswer(let request, let blob) = self.state else {
            throw SSHError(.misuse, "no authentication request waits for an answer")
        }
        self.state = .awaitingRequest
        guard isAllowed else { return .fail(isCounted ? try self.countFailure() : Self.failure) }
        guard request.isSigned else {
            return .publicKeyOK(UserAuthenticationPublicKeyOK(algorithm: request.algorithm, blob: blob))
        }
        guard !isPartial else {
            return .fail(UserAuthenticationFailure(methodsThatCanContinue: ["publickey"], partialSuccess: true))
        }
        self.state = .authenticated
        return .success
    }

    /// Nil when the key, its algorithm or the signature will not do, for whatever reason.
    private func check(
        _ request: UserAuthenticationRequest,
        _ method: UserAuthenticationRequest.PublicKeyMethod,
        session: [UInt8],
        hostKey: [UInt8]
    ) -> AuthenticationRequest? {
        guard self.limits.algorithms.contains(method.algorithm),
            method.boundHostKey == nil || method.boundHostKey == hostKey,
            let (credential, key) = Self.credential(method)
        else { return nil }
        var proof = AuthenticationRequest.Proof.none
        if let signature = method.signature {
            let signed = request.signedBytes(sessionIdentifier: session)
            let algorithm = CertificateAlgorithm.plainSignature(of: method.algorithm)
            guard let details = try? key.verify(signature: signature, over: signed, algorithm: algorithm) else {
                return nil
            }
            proof = .signature(details)
        }
        return AuthenticationRequest(
            user: request.user,
            algorithm: method.algorithm,
            credential: credential,
            proof: proof
        )
    }

    private static func credential(
        _ method: UserAuthenticationRequest.PublicKeyMethod
    ) -> (AuthenticationRequest.Credential, PublicKey)? {
        if CertificateAlgorithm.isCertificate(method.algorithm) {
            guard let certificate = try? Certificate(blob: method.blob),
                certificate.algorithms.contains(method.algorithm)
            else { return nil }
            return (.certificate(certificate), certificate.key)
        }
        guard let key = try? PublicKey(blob: method.blob), key.signatureAlgorithms.contains(method.algorithm) else {
            return nil
        }
        return (.key(key), key)
    }

    private static let failure = UserAuthenticationFailure(methodsThatCanContinue: ["publickey"])

    private mutating func countFailure() throws -> UserAuthenticationFailure {
        self.failures += 1
        guard self.failures < self.limits.maximumTries else { throw Self.tooMany() }
        return Self.failure
    }

    private static func tooMany() -> SSHError {
        SSHError(.authenticationFailed, "Too many authentication failures")
    }
}

/// Names of certificate algorithms (PROTOCOL.certkeys): `ssh-ed25519-cert-v01@openssh.com` signs as `ssh-ed25519`.
enum CertificateAlgorithm {
    private static let suffix = "-cert-v01@openssh.com"

    static func isCertificate(_ algorithm: String) -> Bool {
        algorithm.hasSuffix(Self.suffix)
    }

    static func plainSignature(of algorithm: String) -> String {
        guard Self.isCertificate(algorithm) else { return algorithm }
        let plain = String(algorithm.dropLast(Self.suffix.count))
        return plain.hasPrefix("sk-") ? plain + "@openssh.com" : plain
    }
}
