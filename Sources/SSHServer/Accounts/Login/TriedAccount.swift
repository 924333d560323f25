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
        guard let list = configuration.settings(for: facts).judgeLogin(facts).list else { return .valid }
        return .notAllowed(Self.reason(list, facts))
    }

    private static func reason(_ list: AccountSettings.LoginList, _ facts: ConnectionFacts) -> String {
        let hasGroups = !facts.groups.isEmpty
        switch list {
        case .denyUsers: return "listed in DenyUsers"
        case .allowUsers: return "not listed in AllowUsers"
        case .denyGroups where hasGroups || !facts.isUnixAccount: return "a group is listed in DenyGroups"
        case .denyGroups, .allowGroups:
            return hasGroups ? "none of user's groups are listed in AllowGroups" : "not in any group"
        }
    }
}
