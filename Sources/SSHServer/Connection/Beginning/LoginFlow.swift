import NIOCore
import SSHCrypto
import SSHForwarding
import SSHProtocol
import SSHSystem
import SSHWire

/// What becomes of a client's tries to log in with keys: each is judged, by commands where they are asked, and answered.
final class LoginFlow {
    /// Gets who has logged in, and what that rests on, before the client is told.
    typealias Acceptance = (Login, Judged) -> Void

    /// One request, while it is judged.
    private struct Try {
        let connection: ConnectionHandler
        let request: AuthenticationRequest
        let claim: LoginClaim
        let accept: Acceptance
        /// What commands have said about the request.
        var answers = CommandAnswers()
    }

    private let client: Client
    private let tried: TriedAccountInquiry
    private let work: AwaitedWork
    private let startup: StartupWatch
    /// When the login request came that is being judged.
    private var requestArrival: NIODeadline?
    /// Keys that have signed, while more are asked for.
    private var earlierClaims: [EarlierClaim] = []
    /// How often a request was judged on the event loop.
    private var judgedAtOnce = 0

    init(_ client: Client, _ tried: TriedAccountInquiry, _ work: AwaitedWork, _ startup: StartupWatch) {
        self.client = client
        self.tried = tried
        self.work = work
        self.startup = startup
    }

    func judge(
        _ request: AuthenticationRequest,
        on connection: ConnectionHandler,
        accept: @escaping Acceptance
    ) {
        if self.requestArrival == nil { self.requestArrival = .now() }
        self.startup.progressed()
        self.judge(Try(connection: connection, request: request, claim: LoginClaim(request), accept: accept))
    }

    private func judge(_ attempt: Try) {
        self.tried.user = attempt.claim.user
        // The log says first whether there is such an account; what is judged before would be old when that is known.
        self.tried.afterAnswer {
            let connection = attempt.connection
            guard !connection.hasEnded, let eventLoop = connection.eventLoop else { return }
            let standing = Standing(
                connection: self.client.id,
                claim: attempt.claim,
                facts: self.client.facts,
                answers: attempt.answers,
                earlier: self.earlierClaims
            )
            let rules = self.client.context.rules
            self.judge(standing, by: rules, on: eventLoop) { judged in
                guard !connection.hasEnded else { return }
                if let command = judged.awaited { return self.ask(command, about: attempt, on: eventLoop) }
                if case .accepted = judged.decision { self.tried.isAccepted() }
                self.tried.lookUp(eventLoop) { self.answer(attempt, judged, by: rules) }
            }
        }
    }

    /// Judges at once if nothing has to be read, and else on another thread: handing a login there and back costs more than
    /// judging it, which a fleet that comes back would feel.
    private func judge(
        _ standing: Standing,
        by rules: RelayRules,
        on eventLoop: any EventLoop,
        _ completion: @escaping (Judged) -> Void
    ) {
        if self.mayJudgeAtOnce(standing, rules) {
            self.judgedAtOnce += 1
            let files = self.client.context.accountFiles(mayRead: false)
            let judged = Judged(standing, by: rules.configuration, rules.policy, files, isStanding: false)
            if !files.hasMissed { return completion(judged) }
        }
        let files = self.client.context.accountFiles()
        self.work.run(
            for: self.tried.user,
            on: eventLoop,
            { Judged(standing, by: rules.configuration, rules.policy, files, isStanding: false) },
            completion
        )
    }

    /// Everybody else on the event loop waits for it: not for certificates, whose authorities' signatures take their time, not
    /// with a long configuration or what a command has written, and not for questions without end.
    private func mayJudgeAtOnce(_ standing: Standing, _ rules: RelayRules) -> Bool {
        guard case .key = standing.claim.credential, standing.answers.isEmpty else { return false }
        return self.judgedAtOnce < 8 && rules.configuration.matchSections.count <= 64
    }

    private func ask(_ command: CommandInvocation, about attempt: Try, on eventLoop: any EventLoop) {
        let asker = self.work.asker
        self.work.run(for: self.tried.user, by: CommandRunner.shared.threads, on: eventLoop) {
            CommandRunner.runNow(command, isWanted: { !asker.isGone })
        } _: { result in
            guard !attempt.connection.hasEnded else { return }
            if case .failure(let failure) = result { self.client.sourceLog.write([failure.line]) }
            var attempt = attempt
            attempt.answers.add(result, of: command)
            self.judge(attempt)
        }
    }

    private func answer(_ attempt: Try, _ judged: Judged, by rules: RelayRules) {
        let (connection, request) = (attempt.connection, attempt.request)
        guard !connection.hasEnded else { return }
        // Who is not logged in yet is not judged again by a reload.
        guard rules === self.client.context.rules else {
            return self.judge(request, on: connection, accept: attempt.accept)
        }
        switch judged.decision {
        case .accepted(let grant): self.accept(attempt, grant, judged)
        case .awaits(let command): self.endUnjudged(connection, "\(command.kind.rawValue) cannot be run")
        case .unclear(let reason): self.endUnjudged(connection, reason)
        case .refused(let refusal, _):
            self.logRefusal(attempt.claim, refusal)
            // What could not be asked just now is no fault of the client's.
            let isCounted = !refusal.isPassing
            if isCounted { self.tried.offence = .failedAuthentication }
            self.atPace(connection) {
                connection.perform { try $0.answerAuthentication(isAllowed: false, isCounted: isCounted) }
            }
        }
    }

    private func accept(_ attempt: Try, _ grant: LoginGrant, _ judged: Judged) {
        let (connection, claim, log) = (attempt.connection, attempt.claim, self.client.logger)
        var who: String { "\(self.tried.userInLog) from \(self.client.peer)" }
        guard !grant.settings.refuseConnection else {
            self.client.sourceLog.info("Refused connection of \(who): RefuseConnection")
            self.tried.offence = .refused
            return connection.disconnect(.byApplication, "refused")
        }
        guard !self.earlierClaims.contains(where: { $0.claim.key.blob == claim.key.blob }) else {
            log.debug("\(self.client.peer): \(claim.description) was used before, and another key is asked for")
            self.requestArrival = nil
            connection.perform { try $0.answerAuthentication(isAllowed: false) }
            return
        }
        self.requestArrival = nil
        guard !(attempt.request.isSigned && self.awaitsMoreKeys(after: grant)) else {
            self.earlierClaims.append(EarlierClaim(claim: claim, remembered: grant.remembered))
            log.debug("Partial publickey for \(who) ssh2: \(claim.description)")
            connection.perform { try $0.answerAuthentication(isAllowed: true, isPartial: true) }
            return
        }
        log.debug("\(grant.acceptedText(claim))")
        if attempt.request.isSigned {
            attempt.accept(Login(claim: claim, after: self.earlierClaims, grant: grant), judged)
        } else {
            log.debug("Postponed publickey for \(who) ssh2 [preauth]")
        }
        connection.perform { try $0.answerAuthentication(isAllowed: true) }
    }

    /// AuthenticationMethods: whether this key's signature is not the last that is asked for.
    private func awaitsMoreKeys(after grant: LoginGrant) -> Bool {
        self.earlierClaims.count + 1 < grant.settings.authenticationMethods.requiredKeys
    }

    /// The login is neither accepted nor refused, and the client may come again.
    private func endUnjudged(_ connection: ConnectionHandler, _ reason: String) {
        let reason = reason.escapedForLog
        self.client.sourceLog.info(
            "Login of \(self.tried.userInLog) from \(self.client.peer) cannot be judged now: \(reason)"
        )
        self.client.endReason = "it could not be judged"
        self.atPace(connection) {
            connection.disconnect(.byApplication, "the login cannot be judged now, try again later")
        }
    }

    /// Says no, when that tells nothing of how it was found out.
    private func atPace(_ connection: ConnectionHandler, _ body: @escaping () -> Void) {
        guard let eventLoop = connection.eventLoop, let arrival = self.requestArrival else { return body() }
        self.requestArrival = nil
        let deadline = AnswerPace.deadline(step: AnswerPace.refusal, arrival: arrival, now: .now())
        eventLoop.assumeIsolated().scheduleTask(deadline: deadline) {
            if !connection.hasEnded { body() }
        }
    }

    /// As in sshd, an account's failed keys are told at VERBOSE only: an agent offers all its keys.
    private func logRefusal(_ claim: LoginClaim, _ refusal: LoginRefusal) {
        let (log, peer) = (self.client.logger, self.client.peer)
        var what: String { "\(self.tried.userInLog) from \(peer) ssh2: \(claim.description)" }
        if self.tried.isInvalid {
            self.client.sourceLog.info("Failed publickey for invalid user \(what)")
        } else {
            self.client.sourceLog.write(Array(refusal.said.prefix(8)))
            if refusal.isOfRoot { self.client.sourceLog.info("ROOT LOGIN REFUSED FROM \(peer)") }
            log.debug("Failed publickey for \(what)")
        }
        for reason in refusal.reasons.prefix(8) { log.debug("\(peer): \(reason.escapedForLog)") }
    }
}
