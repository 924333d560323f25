/// What sshd calls an account that somebody tries, whatever key comes.
enum TriedAccount: Hashable, Sendable {
    case valid
    /// There is no such account.
    case unknown
    /// AllowUsers and its like keep the account out; the words are sshd's.
    case notAllowed(String)

    var isInvalid: Bool { self != .valid }

    /// Reads files and may ask a name service: not for an event loop.
    static func find(
        _ user: String,
        configuration: ServerConfiguration,
        facts: ConnectionFacts,
        files: AccountFiles = AccountFiles()
    ) -> TriedAccount {
        guard let name = AccountName(user) else { return .unknown }
        let account = files.account(name, groups: configuration.asksForGroups)
        // Nothing is said of an account of which nobody could say whether it exists.
        guard !account.isIncomplete else { return .valid }
        var facts = facts
        facts.learn(account)
        if account.userID == nil {
            // Here an account needs no Unix account, but keys.
            let settings = configuration.settings(for: facts)
            var consulted = ConsultedFiles(files)
            let keys = AuthorizedKeys.load(
                for: account,
                patterns: settings.authorizedKeysFiles,
                strictModes: configuration.strictModes,
                &consulted
            )
            let hasNone = keys.keys.isEmpty && keys.problems.isEmpty
            guard !hasNone || settings.mayKnowAnybody else { return .unknown }
        }
        let decision = configuration.settings(for: facts).mayLogIn(facts)
        guard !decision.isPermitted else { return .valid }
        return .notAllowed(Self.reason(decision.rule, facts))
    }

    private static func reason(_ rule: Rule, _ facts: ConnectionFacts) -> String {
        let hasGroups = !facts.groups.isEmpty
        let keyword = rule.text.lowercased()
        if keyword.hasPrefix("denyusers") { return "listed in DenyUsers" }
        if keyword.hasPrefix("allowusers") { return "not listed in AllowUsers" }
        if keyword.hasPrefix("denygroups"), hasGroups || !facts.isUnixAccount {
            return "a group is listed in DenyGroups"
        }
        return hasGroups ? "none of user's groups are listed in AllowGroups" : "not in any group"
    }
}
