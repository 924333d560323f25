import SSHConfiguration
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

/// An accepted login: as whom, under which settings, and for how long.
struct LoginGrant: Sendable {
    /// The line that accepted it, its options narrowed by those of a certificate.
    let key: AuthorizedKey
    let sharedSettings: Shared<AccountSettings>
    /// Seconds since 1970: when it ends by itself.
    let expires: UInt64?
    /// Every file that was asked, also those that do not exist: when one changes, the login is judged again.
    let files: [String]
    /// The line of a command's that accepted it, as the command wrote it; nil for a line of a file.
    let remembered: RememberedLine?
    /// What a policy decides that takes the place of files; nil where files decide.
    var ruled: RuledLogin?

    var settings: AccountSettings { self.sharedSettings.value }
}

/// A key that signed before another one did, where AuthenticationMethods asks for several.
struct EarlierClaim: Sendable {
    let claim: LoginClaim
    /// As in `LoginGrant`.
    let remembered: RememberedLine?
}

extension LoginGrant {
    /// What holds for who has shown several keys: as in sshd, lists of an earlier key go first, everything else is as narrow as
    /// the narrowest of them.
    ///
    /// - Throws: if two of them force different commands.
    func merged(after earlier: [LoginGrant]) throws(LoginRefusal) -> LoginGrant {
        var options = self.key.options
        for grant in earlier.reversed() {
            guard let merged = grant.key.options.merged(with: options) else {
                throw LoginRefusal("\(self.key.rule): forced command options do not match those of \(grant.key.rule)")
            }
            options = merged
        }
        let key = AuthorizedKey(
            options: options,
            keyType: self.key.keyType,
            blob: self.key.blob,
            comment: self.key.comment,
            file: self.key.file,
            line: self.key.line
        )
        return LoginGrant(
            key: key,
            sharedSettings: self.sharedSettings,
            expires: ([self] + earlier).compactMap(\.expires).min(),
            files: earlier.flatMap(\.files) + self.files,
            remembered: self.remembered,
            ruled: self.ruled
        )
    }
}

extension KeyOptions {
    /// - Returns: nil if the two force different commands.
    fileprivate func merged(with later: KeyOptions) -> KeyOptions? {
        var options = self
        if let command = later.command {
            guard self.command?.hasSameBytes(as: command) ?? true else { return nil }
            options.command = command
        }
        if !later.permitsPortForwarding, self.permitsPortForwarding {
            options.permitsPortForwarding = false
            options.portForwardingRule = later.portForwardingRule
        }
        if options.permitListen.isEmpty { options.permitListen = later.permitListen }
        if options.permitOpen.isEmpty { options.permitOpen = later.permitOpen }
        if options.permitStreamLocalListen.isEmpty { options.permitStreamLocalListen = later.permitStreamLocalListen }
        if options.permitStreamLocalOpen.isEmpty { options.permitStreamLocalOpen = later.permitStreamLocalOpen }
        options.expiryTime = [self.expiryTime, later.expiryTime].compactMap(\.self).min()
        options.rateLimit = self.rateLimit ?? later.rateLimit
        return options
    }
}
