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
        let (configuration, facts) = (self.context.configuration, self.facts)
        NIOThreadPool.singleton.runIfActive(eventLoop: eventLoop) {
            LoginDecision.judge(
                request,
                configuration: configuration,
                facts: facts,
                now: UInt64(clamping: time(nil))
            )
        }.assumeIsolated().whenComplete { result in
            guard case .success(let decision) = result else { return connection.disconnect(.byApplication, "busy") }
            self.answer(connection, request, decision)
        }
    }

    private func answer(_ connection: ConnectionHandler, _ request: AuthenticationRequest, _ decision: LoginDecision) {
        guard !connection.hasEnded else { return }
        switch decision {
        case .accepted(let key, let settings):
            if request.isSigned {
                self.login = Login(user: request.user, key: key, settings: settings)
                self.logger.info("Accepted publickey for \(self.triedUser) from \(self.peer) ssh2: \(request.keyText)")
            }
            connection.perform { try $0.answerAuthentication(isAllowed: true) }
        case .refused(let reasons, let isUnknownAccount):
            self.logRefusal(request, reasons, isUnknownAccount)
            connection.perform { try $0.answerAuthentication(isAllowed: false) }
        }
    }

    private func logRefusal(_ request: AuthenticationRequest, _ reasons: [String], _ isUnknownAccount: Bool) {
        if isUnknownAccount, !self.hasLoggedInvalidUser {
            self.hasLoggedInvalidUser = true
            self.logger.info("Invalid user \(self.triedUser) from \(self.peer)")
        }
        let invalid = isUnknownAccount ? "invalid user " : ""
        self.logger.info(
            "Failed publickey for \(invalid)\(self.triedUser) from \(self.peer) ssh2: \(request.keyText)"
        )
        for reason in reasons.prefix(8) { self.logger.debug("\(self.peer): \(reason.escapedForLog)") }
    }

    func connection(_ connection: ConnectionHandler, authenticationFailedFor user: String) {
        self.triedUserName = user
        self.logger.debug("Failed authentication for \(self.triedUser) from \(self.peer) ssh2")
    }

    /// The name that the client gave, fit for a log.
    var triedUser: String { self.triedUserName.escapedForLog }
}

extension AuthenticationRequest {
    /// `ED25519 SHA256:…`, as sshd's log lines name a key.
    fileprivate var keyText: String {
        switch self.credential {
        case .key(let key): "\(key.displayName) \(key.fingerprint)"
        case .certificate(let certificate): "\(certificate.key.displayName)-CERT \(certificate.key.fingerprint)"
        }
    }
}
