import SSHCrypto
import SSHProtocol

/// Whether somebody may log in, and why not.
enum LoginDecision: Sendable {
    case accepted(AuthorizedKey, AccountSettings)
    case refused(reasons: [String], isUnknownAccount: Bool)

    /// Judges a request by the files as they are now. It reads files and may ask a name service: not for an event loop.
    ///
    /// - Parameter now: seconds since 1970.
    static func judge(
        _ request: AuthenticationRequest,
        configuration: ServerConfiguration,
        facts: ConnectionFacts,
        now: UInt64
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
            if let missing = Self.missingTouch(request.proof, line.options) {
                return .refused(reasons: ["\(line.rule): \(missing)"], isUnknownAccount: false)
            }
            return .accepted(line, settings)
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

    /// Security keys must have been touched, and where the line says so, unlocked.
    private static func missingTouch(_ proof: AuthenticationRequest.Proof, _ options: KeyOptions) -> String? {
        guard case .signature(let details) = proof, let securityKey = details.securityKey else { return nil }
        if options.requiresUserPresence, !securityKey.userPresent { return "the security key was not touched" }
        if options.requiresUserVerification, !securityKey.userVerified { return "the security key was not unlocked" }
        return nil
    }
}

extension AuthorizedKeys {
    /// There is no key, and nothing that failed to be one.
    fileprivate var isEmpty: Bool { self.keys.isEmpty && self.problems.isEmpty }
}
