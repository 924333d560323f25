import Glibc
import NIOCore
import SSHForwarding
import SSHSystem
import SSHWire
import Synchronization

/// Live revocation: logins are judged again when the files that they rest on change, when they expire, and when the
/// configuration is read again.
extension RelayContext {
    /// Looks at the watched files and the clock, and judges again who is affected.
    func lookForChanges() async {
        let (paths, mounts) = (self.files.paths, MountTable.current)
        let states = await self.revocation.map(paths, place: mounts.place) { FileState(of: $0) }
        let changes = self.files.changes(zip(paths, states).compactMap { path, state in state.map { (path, $0) } })
        let later = self.unclear.withLock { unclear in
            defer { unclear = [] }
            return unclear
        }
        let affected =
            self.connections.affected(by: changes, at: UInt64(clamping: time(nil)))
            + later.compactMap(self.connections.connection)
        if !affected.isEmpty { await self.judgeAgain(affected) }
    }

    /// Judges logins by the rules and files as they are now. Who may not log in any more is disconnected.
    ///
    /// - Parameter asksCommands: a line that came from a command has to come from it again; else what it said still holds. That
    ///   may take long, and goes on when this has returned.
    func judgeAgain(_ connections: [NIOLoopBound<ServerConnection>], asksCommands: Bool = false) async {
        let standings = await connections.onEventLoops { $0.standing(asksCommands: asksCommands) }.compactMap(\.self)
        let rules = self.rules
        let waiting = await self.judge(standings, by: rules)
        self.startAsking(waiting, by: rules, evenIfAsked: asksCommands)
    }

    /// - Returns: those about whom a command has to be asked first.
    func judge(_ standings: [Standing], by rules: RelayRules) async -> [Judged] {
        guard !standings.isEmpty else { return [] }
        let files = self.accountFiles()
        let judged = await self.revocation.map(standings, place: { "account \($0.claim.user)" }) { standing in
            Judged(standing, by: rules, files, isStanding: true)
        }
        let decisions = Dictionary(
            judged.compactMap(\.self).map { ($0.standing.connection, $0) },
            uniquingKeysWith: { first, _ in first }
        )
        _ = await decisions.keys.compactMap(self.connections.connection).onEventLoops { connection in
            if let judged = decisions[connection.id] { connection.abide(by: judged) }
        }
        // Where it hangs, nothing is known either.
        let unclear = standings.map(\.connection).filter { decisions[$0]?.isUnclear ?? true }
        self.unclear.withLock { $0.formUnion(unclear) }
        self.tellOnce(
            unclear.isEmpty
                ? nil : "Files cannot be read now: connections stay as they are, and are judged again later.",
            about: "unclear"
        )
        return decisions.values.filter { $0.awaited != nil }
    }
}

/// Who is logged in, and how.
struct Standing: Sendable {
    let connection: UInt64
    let claim: LoginClaim
    let facts: ConnectionFacts
    /// What a command said at the login, and what commands say now.
    var answers = CommandAnswers()
    /// Keys that signed before the claim's, which must still log in, too.
    var earlier: [EarlierClaim] = []
}

/// A login judged again.
struct Judged: Sendable {
    let standing: Standing
    /// What it was judged by.
    let rules: RelayRules
    /// When reading the files began, in seconds since 1970, and on a clock that nobody sets.
    let readAt: Int
    let beganAt: NIODeadline
    let decision: LoginDecision
    /// What the login rests on, if it is accepted.
    let files: [ReadFile]

    /// Judges, and looks at the files: not for an event loop, unless the files are not to be read.
    init(_ standing: Standing, by rules: RelayRules, _ files: AccountFiles, isStanding: Bool) {
        (self.standing, self.rules) = (standing, rules)
        (self.readAt, self.beganAt) = (Int(clamping: files.began), files.beganAt)
        self.decision = Self.decide(standing, by: rules, files, isStanding: isStanding)
        if case .accepted(let grant) = self.decision, !files.hasMissed {
            self.files = grant.files.map(ReadFile.init)
        } else {
            self.files = []
        }
    }

    /// Whoever has shown several keys goes by all of them.
    private static func decide(
        _ standing: Standing,
        by rules: RelayRules,
        _ files: AccountFiles,
        isStanding: Bool
    ) -> LoginDecision {
        let now = UInt64(clamping: time(nil))
        let judge = { (claim: LoginClaim, answers: CommandAnswers) -> LoginDecision in
            if let policy = rules.policy {
                return LoginDecision.judge(claim, by: policy, rules.configuration, standing.facts)
            }
            return LoginDecision.judge(
                claim,
                configuration: rules.configuration,
                facts: standing.facts,
                now: now,
                files: files,
                isStanding: isStanding,
                answers: answers
            )
        }
        let last = judge(standing.claim, standing.answers)
        guard case .accepted(let grant) = last else { return last }
        let required = grant.settings.authenticationMethods.requiredKeys
        guard !isStanding || standing.earlier.count + 1 >= required else {
            let reason = "AuthenticationMethods asks for \(required) different keys now"
            return .refused(LoginRefusal(reason), isUnknownAccount: false)
        }
        var grants: [LoginGrant] = []
        for earlier in standing.earlier {
            let decision = judge(earlier.claim, standing.answers.remembering(earlier.remembered))
            guard case .accepted(let grant) = decision else { return decision }
            grants.append(grant)
        }
        do {
            return .accepted(grants.isEmpty ? grant : try grant.merged(after: grants))
        } catch {
            return .refused(error, isUnknownAccount: false)
        }
    }

    /// The command without which it could not be judged.
    var awaited: CommandInvocation? {
        if case .awaits(let invocation) = self.decision { invocation } else { nil }
    }

    var isUnclear: Bool {
        if case .unclear = self.decision { true } else { false }
    }
}

extension ServerConnection {
    func standing(asksCommands: Bool) -> Standing? {
        self.login.map { login in
            Standing(
                connection: self.id,
                claim: login.claim,
                facts: self.facts,
                answers: CommandAnswers(remembering: login.grant.remembered, asksAgain: asksCommands),
                earlier: login.earlier
            )
        }
    }

    /// Goes on as the decision says: under new settings, or not at all.
    func abide(by judged: Judged) {
        guard let login = self.login, let handler = self.handler, !handler.hasEnded else { return }
        // A reload overtook it, and judges all connections itself.
        guard judged.rules === self.context.rules else { return }
        switch judged.decision {
        case .accepted(let grant):
            self.login?.grant = grant
            self.logLevel = judged.rules.logLevel(of: grant.settings)
            self.watch(judged, until: grant.expires)
            self.applySettings(handler, replacing: login.grant.settings)
            self.applyTimeouts(replacing: login.grant.settings)
            self.applyRateLimits()
            self.closeForbiddenListeners()
        // It goes on as it is until the command has spoken, or until the files can be read.
        case .awaits, .unclear: return
        case .refused(let refusal, _):
            let reason = refusal.reasons.first ?? "the key is not authorized any more"
            self.logger.info(
                "Disconnecting user \(login.user.escapedForLog) \(self.peer): no longer permitted: \(reason.escapedForLog)"
            )
            self.endReason = "no longer permitted"
            handler.disconnect(.byApplication, "no longer permitted to log in")
        }
    }

    /// What can end this login is looked at from now on.
    func watch(_ judged: Judged, until expires: UInt64?) {
        let files = self.context.files.watch(judged.files, readAt: judged.readAt, since: judged.beganAt)
        self.context.connections.update(self.id, files: files, expires: expires)
    }

    /// Closes the listeners that the rules as they are now do not allow.
    func closeForbiddenListeners() {
        guard let policy = self.policy else { return }
        for listener in self.forwards.listeners {
            let refusal = policy.refusal(
                ofListenerOn: listener.requested.host,
                requestedPort: listener.requested.port,
                port: UInt32(listener.port),
                addresses: listener.addresses
            )
            guard let refusal else { continue }
            self.logClosing("host \(listener.requested.host.escapedForLog) port \(listener.port)", refusal)
            self.forwards.close(listener)
        }
        guard let handler = self.handler, !self.forwards.paths.isEmpty else { return }
        self.withUnixPolicy(handler, orElse: nil) { policy, account in
            for path in self.forwards.paths {
                let decision = policy.mayListen(path: path, for: account)
                guard !decision.isPermitted else { continue }
                self.logClosing("path \(path.escapedForLog)", decision.rule)
                _ = self.forwards.cancel(path: path)
            }
        }
    }

    private func logClosing(_ listener: String, _ rule: Rule) {
        self.logger.info("Listener of \(self.peer) on \(listener) is closed: it is no longer permitted. [\(rule)]")
    }
}
