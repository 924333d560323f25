import SSHCrypto
import SSHProtocol

/// Whether somebody may log in, and why not.
enum LoginDecision: Sendable {
    case accepted(LoginGrant)
    case refused(LoginRefusal, isUnknownAccount: Bool)
    /// Nothing can be said before this command has: judge again with its answer.
    case awaits(CommandInvocation)
    /// It cannot be said just now, and why: what would have to be asked or read is not there, or was not to be read. Who is
    /// logged in goes on, and is judged later.
    case unclear(String)

    /// Judges a claim by the files as they are now. It reads files and may ask a name service: not for an event loop, unless
    /// the files are not to be read.
    ///
    /// - Parameters:
    ///   - now: seconds since 1970.
    ///   - files: shared by claims that are judged together.
    ///   - isStanding: it was accepted before, and its connection stands.
    ///   - answers: what commands have said about it.
    static func judge(
        _ claim: LoginClaim,
        configuration: ServerConfiguration,
        facts: ConnectionFacts,
        now: UInt64,
        files: AccountFiles,
        isStanding: Bool = false,
        answers: CommandAnswers = CommandAnswers()
    ) -> LoginDecision {
        guard let name = AccountName(claim.user) else {
            return .refused(LoginRefusal("the user name is no account's"), isUnknownAccount: true)
        }
        let account = files.account(name, groups: configuration.asksForGroups)
        guard account.userID != nil || !name.isLeftover else {
            return .refused(
                LoginRefusal("the user name is that of a copy of an account's file"),
                isUnknownAccount: true
            )
        }
        let isAway = "the user database does not answer"
        if isStanding, account.isIncomplete { return .unclear(isAway) }
        var consulted = ConsultedFiles(files)
        let facts = Self.facts(of: account, configuration, facts, &consulted)
        switch configuration.missingFact(facts) {
        case .groups?: return .unclear(isAway)
        case .host?:
            let reason = "a Match block asks for the client's name, and it could not be found out"
            return .refused(LoginRefusal(reason), isUnknownAccount: false)
        // What `explain` does not name.
        default: break
        }
        var judgement = LoginJudgement(
            claim: claim,
            account: account,
            facts: facts,
            sharedSettings: configuration.sharedSettings(for: facts),
            strictModes: configuration.strictModes,
            now: now,
            consulted: consulted,
            isStanding: isStanding,
            answers: answers
        )
        if account.isIncomplete, judgement.settings.hangsOnUnixAccount { return .unclear(isAway) }
        var keys = Self.load(account, judgement.settings, configuration.strictModes, &judgement.consulted)
        if !keys.keys.contains(where: { $0.blob == claim.key.blob }),
            let invite = Invite.line(
                for: claim,
                to: account,
                configuration.stateDirectory,
                now: now,
                &judgement.consulted
            )
        {
            keys = keys.adding(invite)
        }
        if files.hasMissed { return .unclear("files have to be read") }
        do throws(LoginRefusal) {
            let line = try judgement.line(in: keys)
            return .accepted(judgement.grant(line))
        } catch {
            if let command = judgement.awaited { return .awaits(command) }
            let hasPassingFault = judgement.hasPassingFault || judgement.consulted.isIncomplete
            if isStanding, judgement.isLookingForLine, judgement.consulted.isIncomplete {
                return .unclear("files cannot be read")
            }
            var refusal = error
            refusal.isPassing = hasPassingFault
            let isUnknown = account.userID == nil && keys.isEmpty && !judgement.settings.mayKnowAnybody
            return .refused(refusal, isUnknownAccount: isUnknown)
        }
    }

    /// What Match looks at when somebody asks for the account.
    static func facts(
        of account: Account,
        _ configuration: ServerConfiguration,
        _ facts: ConnectionFacts,
        _ consulted: inout ConsultedFiles
    ) -> ConnectionFacts {
        var facts = facts
        facts.learn(account)
        // An account is a name with keys; Match blocks that ask for invalid users see it without.
        if account.userID == nil {
            let settings = configuration.settings(for: facts)
            facts.userIsInvalid =
                !settings.mayKnowAnybody
                && Self.load(account, settings, configuration.strictModes, &consulted).isEmpty
        }
        return facts
    }

    private static func load(
        _ account: Account,
        _ settings: AccountSettings,
        _ strictModes: Bool,
        _ consulted: inout ConsultedFiles
    ) -> AuthorizedKeys {
        AuthorizedKeys.load(
            for: account,
            patterns: settings.authorizedKeysFiles,
            strictModes: strictModes,
            &consulted
        )
    }
}

extension AuthorizedKeys {
    /// There is no key, and nothing that failed to be one.
    fileprivate var isEmpty: Bool { self.keys.isEmpty && self.problems.isEmpty }
}
