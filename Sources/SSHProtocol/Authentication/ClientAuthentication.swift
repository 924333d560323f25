import SSHCrypto
import SSHWire

/// The client's side of user authentication (RFC 4252): each key in turn, signed at once.
struct ClientAuthentication {
    private enum State {
        case awaitingService
        case awaitingAnswer
        case authenticated
    }

    private var state = State.awaitingService
    private let user: String
    private var identities: [any SigningKey]
    private let algorithms: [String]
    private(set) var report = ClientLoginReport()

    init(configuration: EngineConfiguration) {
        self.user = configuration.user
        self.identities = configuration.identities
        self.algorithms = configuration.userKeyAlgorithms
    }

    var start: ServiceRequest { ServiceRequest(service: "ssh-userauth") }

    /// The server is ready to hear who we are.
    mutating func receive(
        _ accept: ServiceAccept,
        session: [UInt8],
        hostKey: [UInt8],
        extensions: PeerExtensions
    ) throws -> UserAuthenticationRequest {
        guard case .awaitingService = self.state, accept.service == "ssh-userauth" else {
            throw SSHError.protocolViolation("the server accepted a service that nobody asked for")
        }
        self.state = .awaitingAnswer
        return try self.nextRequest(session: session, hostKey: hostKey, extensions: extensions)
            ?? UserAuthenticationRequest(user: self.user, method: .none)
    }

    /// The last request was refused: try the next key.
    mutating func receive(
        _ failure: UserAuthenticationFailure,
        session: [UInt8],
        hostKey: [UInt8],
        extensions: PeerExtensions
    ) throws -> UserAuthenticationRequest {
        guard case .awaitingAnswer = self.state else {
            throw SSHError.protocolViolation("an answer to an authentication request that was never made")
        }
        let methods = failure.methodsThatCanContinue
        self.report.methods = methods
        if failure.partialSuccess, let key = self.report.offered.last { self.report.accepted.append(key) }
        guard methods.contains("publickey"),
            let request = try self.nextRequest(session: session, hostKey: hostKey, extensions: extensions)
        else {
            throw SSHError(.authenticationFailed, "Permission denied (\(methods.joined(separator: ","))).")
        }
        return request
    }

    mutating func receiveSuccess() throws {
        guard case .awaitingAnswer = self.state else {
            throw SSHError.protocolViolation("an answer to an authentication request that was never made")
        }
        self.state = .authenticated
        self.identities = []
    }

    private mutating func nextRequest(
        session: [UInt8],
        hostKey: [UInt8],
        extensions: PeerExtensions
    ) throws -> UserAuthenticationRequest? {
        while !self.identities.isEmpty {
            let identity = self.identities.removeFirst()
            let accepted = extensions.signatureAlgorithms
            guard
                let algorithm = identity.publicKey.signatureAlgorithms.first(where: {
                    self.algorithms.contains($0) && accepted?.contains($0) ?? true
                })
            else {
                self.report.unsuitable.append(identity.publicKey)
                continue
            }
            self.report.offered.append(identity.publicKey)
            var method = UserAuthenticationRequest.PublicKeyMethod(
                algorithm: algorithm,
                blob: identity.publicKey.blob,
                boundHostKey: extensions.acceptsHostBound ? hostKey : nil,
                signature: nil
            )
            let unsigned = UserAuthenticationRequest(user: self.user, method: .publicKey(method))
            method.signature = try identity.sign(unsigned.signedBytes(sessionIdentifier: session), algorithm: algorithm)
            return UserAuthenticationRequest(user: self.user, method: .publicKey(method))
        }
        return nil
    }
}
