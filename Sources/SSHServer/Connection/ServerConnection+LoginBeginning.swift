import NIOCore
import SSHForwarding
import SSHProtocol
import SSHSystem
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
        let arrival = NIODeadline.now()
        self.triedUserName = user
        self.work(on: eventLoop) {
            LoginBeginning(for: user, configuration: rules.configuration, facts: facts, files: files)
        } _: { beginning in
            let deadline = AnswerPace.deadline(step: AnswerPace.beginning, arrival: arrival, now: .now())
            eventLoop.assumeIsolated().scheduleTask(deadline: deadline) {
                self.begin(connection, beginning, by: rules)
            }
        }
    }

    private func begin(_ connection: ConnectionHandler, _ beginning: LoginBeginning, by rules: RelayRules) {
        guard !connection.hasEnded else { return }
        self.logLevel = rules.logLevel(of: beginning.settings.value)
        switch beginning.banner {
        case .none: break
        case .text(let text): connection.perform { try $0.sendBanner(ByteBuffer(bytes: text)) }
        case .problem(let reason): self.sourceLog.info("\(reason)")
        }
        self.begin(connection, LoginLimits(beginning.settings.value))
    }

    private func begin(_ connection: ConnectionHandler, _ limits: LoginLimits? = nil) {
        connection.perform { try $0.beginLogin(limits) }
    }
}
