import SSHCrypto
import SSHWire

/// May this key do that, logged in to this account from there?
public struct ExplainRequest: Hashable, Sendable {
    public let account: String
    public let key: Explanation.Key
    public let question: Explanation.Question
    /// The client's address.
    public let address: String

    public init(account: String, key: Explanation.Key, question: Explanation.Question, address: String) {
        (self.account, self.key, self.question, self.address) = (account, key, question, address)
    }
}

extension Explanation {
    /// Judges by the files as they are now. May wait for the user database, a name server and commands.
    ///
    /// - Parameter now: seconds since 1970.
    /// - Throws: `invalidConfiguration` for an account or address that cannot be one.
    public init(_ request: ExplainRequest, configuration: ServerConfiguration, now: UInt64) throws {
        let port = configuration.listenEndpoints.first?.port.map(Int.init) ?? 22
        let facts = try ConnectionFacts(
            specifications: [
                "user=\(request.account)", "host=\(request.address)", "addr=\(request.address)", "lport=\(port)",
            ]
        )
        self.init(request.question, by: request.key, facts: facts, configuration: configuration, now: now)
    }
}

extension Explanation.Key {
    /// A fingerprint, or a key or certificate as a line of OpenSSH.
    ///
    /// - Throws: `invalidKey`.
    init(text: String) throws {
        guard !text.hasPrefix("SHA256:") else {
            self = .fingerprint(text)
            return
        }
        let type = text.split(separator: " ").first.map(String.init) ?? ""
        self =
            Certificate.isCertificateType(type)
            ? .certificate(try Certificate(openSSHLine: text)) : .key(try PublicKey(openSSHLine: text))
    }

    var text: String {
        switch self {
        case .fingerprint(let fingerprint): fingerprint
        case .key(let key): key.openSSHText
        case .certificate(let certificate): "\(certificate.type) \(Base64.encode(certificate.blob))"
        }
    }
}
