import SSHCrypto
import SSHProtocol
import SSHSystem

/// What a client proved, or claims when it asks without a signature: enough to be judged again while it is connected.
struct LoginClaim: Sendable {
    let user: String
    /// The signature algorithm that the client names; before it has, all that it could name, the best first.
    let algorithms: [String]
    let credential: AuthenticationRequest.Credential
    /// What a security key signed along; nil for other keys, and before there is a signature.
    let securityKey: SecurityKeyDetails?
    /// There was a signature.
    let isProven: Bool
    /// A client asks whether the key would do.
    let isQuestion: Bool

    init(_ request: AuthenticationRequest) {
        self.user = Self.account(of: request.user)
        self.algorithms = [request.algorithm]
        self.isQuestion = !request.isSigned
        self.credential = request.credential
        if case .signature(let details) = request.proof {
            self.securityKey = details.securityKey
            self.isProven = true
        } else {
            self.securityKey = nil
            self.isProven = false
        }
    }

    /// The account in `user:style`, as in sshd: a style chooses among methods of BSD authentication, and here there is one.
    static func account(of name: String) -> String {
        guard let colon = name.utf8.firstIndex(of: UInt8(ascii: ":")) else { return name }
        return String(name[..<colon])
    }

    /// A claim without proof, for asking what would be.
    init(user: String, credential: AuthenticationRequest.Credential) {
        self.user = user
        self.credential = credential
        self.securityKey = nil
        self.isProven = false
        self.isQuestion = false
        self.algorithms =
            switch credential {
            case .key(let key): key.signatureAlgorithms
            case .certificate(let certificate): certificate.algorithms
            }
    }

    /// The key that signs: a certificate's own key, whatever certificate it came with.
    var key: PublicKey {
        switch self.credential {
        case .key(let key): key
        case .certificate(let certificate): certificate.key
        }
    }

    /// What the authority calls who has the certificate; nil for a key without one.
    var certificateIdentifier: String? {
        if case .certificate(let certificate) = self.credential { certificate.keyIdentifier } else { nil }
    }

    /// As sshd's log lines name the credential.
    var description: String { self.description(fingerprint: self.key.fingerprint) }

    /// The same, when the key's fingerprint is known already.
    func description(fingerprint: String) -> String {
        switch self.credential {
        case .key(let key):
            return "\(key.displayName) \(fingerprint)"
        case .certificate(let certificate):
            let (key, authority) = (certificate.key, certificate.certificateAuthority)
            return """
                \(key.displayName)-CERT \(fingerprint) ID \(certificate.keyIdentifier.escapedForLog) \
                (serial \(certificate.serial)) CA \(authority.displayName) \(authority.fingerprint)
                """
        }
    }
}
