import Glibc
import Logging
import NIOCore
import NIOPosix
import SSHCrypto
import SSHForwarding
import SSHProtocol
import SSHWire

extension ServerConnection {
    func connection(_ connection: ConnectionHandler, authenticate request: AuthenticationRequest) {
        guard let eventLoop = connection.eventLoop else { return }
        self.triedUserName = request.user
        let (rules, facts, claim) = (self.context.rules, self.facts, LoginClaim(request))
        let (now, files) = (time(nil), self.context.accountFiles())
        NIOThreadPool.singleton.runIfActive(eventLoop: eventLoop) {
            LoginDecision.judge(
                claim,
                configuration: rules.configuration,
                facts: facts,
                now: UInt64(clamping: now),
                files: files
            )
        }.assumeIsolated().whenComplete { result in
            guard case .success(let decision) = result else { return connection.disconnect(.byApplication, "busy") }
            // Who is not logged in yet is not judged again after a reload.
            guard rules === self.context.rules else { return self.connection(connection, authenticate: request) }
            self.answer(connection, request, Judged(connection: self.id, readAt: now, decision: decision), claim)
        }
    }

    private func answer(
        _ connection: ConnectionHandler,
        _ request: AuthenticationRequest,
        _ judged: Judged,
        _ claim: LoginClaim
    ) {
        guard !connection.hasEnded else { return }
        switch judged.decision {
        case .accepted(let grant) where grant.settings.refuseConnection:
            self.logger.info("Refused connection of \(self.triedUser) from \(self.peer): RefuseConnection")
            self.offence = .refused
            connection.disconnect(.byApplication, "refused")
        case .accepted(let grant):
            if request.isSigned {
                self.login = Login(claim: claim, grant: grant)
                self.watch(grant, readAt: judged.readAt)
                self.logger.info(
                    "Accepted publickey for \(self.triedUser) from \(self.peer) ssh2: \(claim.description)"
                )
            }
            connection.perform { try $0.answerAuthentication(isAllowed: true) }
        case .refused(let reasons, let isUnknownAccount):
            self.offence = .failedAuthentication
            self.logRefusal(claim, reasons, isUnknownAccount)
            connection.perform { try $0.answerAuthentication(isAllowed: false) }
        }
    }

    private func logRefusal(_ claim: LoginClaim, _ reasons: [String], _ isUnknownAccount: Bool) {
        if isUnknownAccount, !self.hasLoggedInvalidUser {
            self.hasLoggedInvalidUser = true
            self.logger.info("Invalid user \(self.triedUser) from \(self.peer)")
        }
        let invalid = isUnknownAccount ? "invalid user " : ""
        self.logger.info(
            "Failed publickey for \(invalid)\(self.triedUser) from \(self.peer) ssh2: \(claim.description)"
        )
        for reason in reasons.prefix(8) { self.logger.debug("\(self.peer): \(reason.escapedForLog)") }
    }

    func connection(_ connection: ConnectionHandler, authenticationFailedFor user: String) {
        self.triedUserName = user
        // The first try of many clients is "none", which asks for the methods that there are.
        if self.hasFailed { self.offence = .failedAuthentication }
        self.hasFailed = true
        self.logger.debug("Failed authentication for \(self.triedUser) from \(self.peer) ssh2")
    }

    /// The name that the client gave, fit for a log. A space would let a name say ` from ADDRESS` to what reads the log.
    var triedUser: String {
        self.triedUserName.escapedForLog.split(separator: " ", omittingEmptySubsequences: false)
            .joined(separator: "\\040")
    }
}
