import NIOCore
import NIOPosix
import SSHForwarding
import SSHProtocol
import SSHWire

/// What happens between the first word of who wants to log in and the answer to it.
extension ServerConnection {
    func connection(_ connection: ConnectionHandler, loginBeginsFor user: String) {
        let user = LoginClaim.account(of: user)
        guard let nameRequest = self.nameRequest else { return self.prepare(connection, for: user) }
        nameRequest.whenAnswered { [weak connection] answer in
            guard let connection, !connection.hasEnded else { return }
            self.nameRequest = nil
            self.facts.learn(answer)
            if case .doubtful(let reason, _) = answer { self.sourceLog.info("\(reason.escapedForLog)") }
            self.prepare(connection, for: user)
        }
    }

    private func prepare(_ connection: ConnectionHandler, for user: String) {
        let (rules, facts) = (self.context.rules, self.facts)
        guard rules.configuration.decidesLoginsBeginning, let eventLoop = connection.eventLoop else {
            return self.begin(connection)
        }
        let files = self.context.accountFiles()
        NIOThreadPool.singleton.runIfActive(eventLoop: eventLoop) {
            LoginBeginning(for: user, configuration: rules.configuration, facts: facts, files: files)
        }.assumeIsolated().whenComplete { result in
            guard !connection.hasEnded else { return }
            guard let beginning = try? result.get() else { return connection.disconnect(.byApplication, "busy") }
            self.logLevel = rules.logLevel(of: beginning.settings.value)
            switch beginning.banner {
            case .none: break
            case .text(let text): connection.perform { try $0.sendBanner(ByteBuffer(bytes: text)) }
            case .problem(let reason): self.sourceLog.info("\(reason)")
            }
            self.begin(connection, LoginLimits(beginning.settings.value))
        }
    }

    private func begin(_ connection: ConnectionHandler, _ limits: LoginLimits? = nil) {
        connection.perform { try $0.beginLogin(limits) }
    }
}
