import SSHCrypto
import SSHProtocol

/// Whether somebody may log in, and why not.
enum LoginDecision: Sendable {
    case accepted(LoginGrant)
    case refused(reasons: [String], isUnknownAccount: Bool)

    /// Judges a request by the files as they are now. It reads files and may ask a name service: not for an event loop.
    ///
    /// - Parameter now: seconds since 1970.
    static func judge(
        _ request: LoginClaim,
        configuration: ServerConfiguration,
        facts: ConnectionFacts,
        now: UInt64,
        files: AccountFiles
    ) -> LoginDecision {
        guard let name = AccountName(request.user) else {
            return .refused(reasons: ["the user name is no account's"], isUnknownAccount: true)
        }
        let account = Account.lookingUp(name)
        var facts = facts
        facts.user = request.user
        facts.groups = account.groups
        // An account is a name with keys; Match blocks that ask for invalid users see it without.
        facts.userIsInvalid = account.userID == nil && Self.load(account, facts, configuration).isEmpty
        let settings = configuration.settings(for: facts)
        let keys = Self.load(account, facts, configuration)
        if let rule = Self.refusingRule(settings, facts, algorithm: request.algorithm) {
            return .refused(reasons: ["\(rule)"], isUnknownAccount: keys.isEmpty)
        }
        guard case .key(let key) = request.credential else {
            return .refused(reasons: ["certificates are not supported yet"], isUnknownAccount: keys.isEmpty)
        }
        switch keys.match(blob: key.blob, at: now, from: facts.address) {
        case .refused(let reasons):
            return .refused(reasons: reasons.map(\.description), isUnknownAccount: keys.isEmpty)
        case .accepted(let line):
            return .accepted(
                LoginGrant(
                    key: line,
                    settings: settings,
                    expires: line.options.expiryTime,
                    files: settings.authorizedKeysFiles.map { $0.replacing("%u", with: request.user) },
                    description: "\(key.displayName) \(key.fingerprint)"
                )
            )
        }
    }

    private static func load(
        _ account: Account,
        _ facts: ConnectionFacts,
        _ configuration: ServerConfiguration
    ) -> AuthorizedKeys {
        AuthorizedKeys.load(
            for: account,
            patterns: configuration.settings(for: facts).authorizedKeysFiles,
            strictModes: configuration.strictModes
        )
    }

    /// The rule that keeps this account from logging in with any key, or with this algorithm.
    private static func refusingRule(_ settings: AccountSettings, _ facts: ConnectionFacts, algorithm: String) -> Rule?
    {
        let mayLogIn = settings.mayLogIn(facts)
        guard mayLogIn.isPermitted else { return mayLogIn.rule }
        guard settings.pubkeyAuthentication else {
            return settings.$pubkeyAuthentication.rule ?? .builtIn("PubkeyAuthentication no")
        }
        guard settings.pubkeyAcceptedAlgorithms.contains(algorithm) else {
            return settings.$pubkeyAcceptedAlgorithms.rule ?? .builtIn("PubkeyAcceptedAlgorithms")
        }
        return nil
    }
}

struct LoginClaim: Sendable {
    let user: String
    let algorithm: String
    let credential: AuthenticationRequest.Credential

    init(_ request: AuthenticationRequest) {
        self.user = request.user
        self.algorithm = request.algorithm
        self.credential = request.credential
    }
}

struct LoginGrant: Sendable {
    let key: AuthorizedKey
    let settings: AccountSettings
    let expires: UInt64?
    let files: [String]
    let description: String
}

final class AccountFiles: Sendable {}

extension AuthorizedKeys {
    /// There is no key, and nothing that failed to be one.
    fileprivate var isEmpty: Bool { self.keys.isEmpty && self.problems.isEmpty }
}
