import Glibc
import Logging
import NIOCore
import SSHCrypto
import SSHForwarding
import SSHProtocol
import SSHSystem
import SSHWire

extension ServerConnection {
    func connection(_ connection: ConnectionHandler, authenticate request: AuthenticationRequest) {
        if self.requestArrival == nil { self.requestArrival = .now() }
        self.progressed()
        self.judge(connection, request, answers: CommandAnswers())
    }

    /// - Parameter answers: what commands have said about the request.
    private func judge(_ connection: ConnectionHandler, _ request: AuthenticationRequest, answers: CommandAnswers) {
        self.triedUserName = LoginClaim.account(of: request.user)
        // The log says first whether there is such an account; what is judged before would be old when that is known.
        self.afterTriedAccount {
            guard !connection.hasEnded, let eventLoop = connection.eventLoop else { return }
            let claim = LoginClaim(request)
            let standing = Standing(
                connection: self.id,
                claim: claim,
                facts: self.facts,
                answers: answers,
                earlier: self.earlierClaims
            )
            self.judge(standing, by: self.context.rules, on: eventLoop) { judged in
                guard !connection.hasEnded else { return }
                if let command = judged.awaited {
                    return self.ask(command, connection, request, answers, eventLoop)
                }
                // Who is accepted has an account that may log in.
                if case (.accepted, .unasked) = (judged.decision, self.triedAccount) {
                    self.triedAccount = .known(.valid)
                }
                self.lookUpTriedAccount(eventLoop) { self.answer(connection, request, judged, claim) }
            }
        }
    }

    /// Judges at once if nothing has to be read, and else on another thread: handing a login there and back costs more than
    /// judging it, which a fleet that comes back would feel.
    ///
    private func judge(
        _ standing: Standing,
        by rules: RelayRules,
        on eventLoop: any EventLoop,
        _ completion: @escaping (Judged) -> Void
    ) {
        if self.mayJudgeAtOnce(standing, rules) {
            self.judgedAtOnce += 1
            let files = self.context.accountFiles(mayRead: false)
            let judged = Judged(standing, by: rules, files, isStanding: false)
            if !files.hasMissed { return completion(judged) }
        }
        let files = self.context.accountFiles()
        self.work(on: eventLoop, { Judged(standing, by: rules, files, isStanding: false) }, completion)
    }

    /// Everybody else on the event loop waits for it: not for certificates, whose authorities' signatures take their time, not
    /// with a long configuration or what a command has written, and not for questions without end.
    private func mayJudgeAtOnce(_ standing: Standing, _ rules: RelayRules) -> Bool {
        guard case .key = standing.claim.credential, standing.answers.isEmpty else { return false }
        return self.judgedAtOnce < 8 && rules.configuration.matchSections.count <= 64
    }

    private func ask(
        _ command: CommandInvocation,
        _ connection: ConnectionHandler,
        _ request: AuthenticationRequest,
        _ answers: CommandAnswers,
        _ eventLoop: any EventLoop
    ) {
        let asker = self.asker
        self.wait(for: CommandRunner.shared.threads, on: eventLoop) {
            CommandRunner.runNow(command, isWanted: { !asker.isGone })
        } _: { result in
            guard !connection.hasEnded else { return }
            if case .failure(let failure) = result { self.sourceLog.write([failure.line]) }
            var answers = answers
            answers.add(result, of: command)
            self.judge(connection, request, answers: answers)
        }
    }

    private func answer(
        _ connection: ConnectionHandler,
        _ request: AuthenticationRequest,
        _ judged: Judged,
        _ claim: LoginClaim
    ) {
        guard !connection.hasEnded else { return }
        // Who is not logged in yet is not judged again by a reload.
        guard judged.rules === self.context.rules else { return self.connection(connection, authenticate: request) }
        switch judged.decision {
        case .accepted(let grant) where grant.settings.refuseConnection:
            self.sourceLog.info("Refused connection of \(self.triedUser) from \(self.peer): RefuseConnection")
            self.offence = .refused
            connection.disconnect(.byApplication, "refused")
        case .accepted where self.earlierClaims.contains { $0.claim.key.blob == claim.key.blob }:
            self.logger.debug("\(self.peer): \(claim.description) was used before, and another key is asked for")
            self.requestArrival = nil
            connection.perform { try $0.answerAuthentication(isAllowed: false) }
        case .accepted(let grant) where request.isSigned && self.awaitsMoreKeys(after: grant):
            self.earlierClaims.append(EarlierClaim(claim: claim, remembered: grant.remembered))
            self.logger.debug("Partial publickey for \(self.triedUser) from \(self.peer) ssh2: \(claim.description)")
            self.requestArrival = nil
            connection.perform { try $0.answerAuthentication(isAllowed: true, isPartial: true) }
        case .accepted(let grant):
            self.logger.debug("\(grant.acceptedText(claim))")
            if request.isSigned {
                let login = Login(claim: claim, after: self.earlierClaims, grant: grant)
                self.login = login
                self.watch(judged, until: grant.expires)
                self.sourceLog.info(
                    "Accepted publickey for \(self.triedUser) from \(self.peer) ssh2: \(login.description)"
                )
            } else {
                self.logger.debug("Postponed publickey for \(self.triedUser) from \(self.peer) ssh2 [preauth]")
            }
            self.requestArrival = nil
            connection.perform { try $0.answerAuthentication(isAllowed: true) }
        case .awaits(let command): self.endUnjudged(connection, "\(command.kind.rawValue) cannot be run")
        case .unclear(let reason): self.endUnjudged(connection, reason)
        case .refused(let refusal, _):
            self.logRefusal(claim, refusal)
            // What could not be asked just now is no fault of the client's.
            let isCounted = !refusal.isPassing
            if isCounted { self.offence = .failedAuthentication }
            self.atPace(connection) {
                connection.perform { try $0.answerAuthentication(isAllowed: false, isCounted: isCounted) }
            }
        }
    }

    /// AuthenticationMethods: whether this key's signature is not the last that is asked for.
    private func awaitsMoreKeys(after grant: LoginGrant) -> Bool {
        self.earlierClaims.count + 1 < grant.settings.authenticationMethods.requiredKeys
    }

    /// The login is neither accepted nor refused, and the client may come again.
    private func endUnjudged(_ connection: ConnectionHandler, _ reason: String) {
        let reason = reason.escapedForLog
        self.sourceLog.info("Login of \(self.triedUser) from \(self.peer) cannot be judged now: \(reason)")
        self.endReason = "it could not be judged"
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
        guard case .known(let account) = self.triedAccount, account.isInvalid else {
            self.sourceLog.write(Array(refusal.said.prefix(8)))
            if refusal.isOfRoot { self.sourceLog.info("ROOT LOGIN REFUSED FROM \(self.peer)") }
            self.logger.debug("Failed publickey for \(self.triedUser) from \(self.peer) ssh2: \(claim.description)")
            for reason in refusal.reasons.prefix(8) { self.logger.debug("\(self.peer): \(reason.escapedForLog)") }
            return
        }
        self.sourceLog.info(
            "Failed publickey for invalid user \(self.triedUser) from \(self.peer) ssh2: \(claim.description)"
        )
        for reason in refusal.reasons.prefix(8) { self.logger.debug("\(self.peer): \(reason.escapedForLog)") }
    }

    func connection(_ connection: ConnectionHandler, authenticationFailedFor user: String) {
        self.triedUserName = LoginClaim.account(of: user)
        self.progressed()
        // The first try of many clients is "none", which asks for the methods that there are.
        if self.hasFailed { self.offence = .failedAuthentication }
        self.hasFailed = true
        if let eventLoop = connection.eventLoop { self.lookUpTriedAccount(eventLoop) }
    }

    /// The name that the client gave, fit for a log. A space would let a name say ` from ADDRESS` to what reads the log.
    var triedUser: String {
        let name = self.triedUserName.escapedForLog
        guard name.utf8.contains(UInt8(ascii: " ")) else { return name }
        return name.split(separator: " ", omittingEmptySubsequences: false).joined(separator: "\\040")
    }
}
