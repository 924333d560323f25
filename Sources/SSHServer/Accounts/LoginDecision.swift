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
        let settings = configuration.settings(for: facts)
        let keys = AuthorizedKeys.load(
            for: account,
            patterns: settings.authorizedKeysFiles,
            strictModes: configuration.strictModes
        )
        let isUnknown = keys.keys.isEmpty && keys.problems.isEmpty
        let mayLogIn = settings.mayLogIn(facts)
        guard mayLogIn.isPermitted, settings.pubkeyAuthentication else {
            return .refused(reasons: ["\(mayLogIn.rule)"], isUnknownAccount: isUnknown)
        }
        guard case .key(let key) = request.credential else {
            return .refused(reasons: ["certificates are not supported yet"], isUnknownAccount: isUnknown)
        }
        switch keys.match(blob: key.blob, at: now, from: facts.address) {
        case .refused(let reasons):
            return .refused(reasons: reasons.map(\.description), isUnknownAccount: isUnknown)
        case .accepted(let line):
            if let missing = Self.missingTouch(request.proof, line.options) {
                return .refused(reasons: ["\(line.rule): \(missing)"], isUnknownAccount: false)
            }
            return .accepted(line, settings)
        }
    }

    /// Security keys must have been touched, and where the line says so, unlocked.
    private static func missingTouch(_ proof: AuthenticationRequest.Proof, _ options: KeyOptions) -> String? {
        guard case .signature(let details) = proof, let securityKey = details.securityKey else { return nil }
        if options.requiresUserPresence, !securityKey.userPresent { return "the security key was not touched" }
        if options.requiresUserVerification, !securityKey.userVerified { return "the security key was not unlocked" }
        return nil
    }
}
