import NIOCore
import NIOPosix
import SSHForwarding
import SSHProtocol

/// What happens between the first word of who wants to log in and the answer to it.
extension ServerConnection {
    func connection(_ connection: ConnectionHandler, loginBeginsFor user: String) {
        guard let nameRequest = self.nameRequest else { return self.showBanner(connection, to: user) }
        nameRequest.whenAnswered { [weak connection] answer in
            guard let connection, !connection.hasEnded else { return }
            self.nameRequest = nil
            self.facts.missing.remove(.host)
            switch answer {
            case .confirmed(let name): self.facts.host = name
            case .unnamed: break
            case .doubtful(let reason): self.logger.info("\(reason.escapedForLog)")
            }
            self.showBanner(connection, to: user)
        }
    }

    private func showBanner(_ connection: ConnectionHandler, to user: String) {
        let (configuration, facts) = (self.context.rules.configuration, self.facts)
        guard configuration.mayShowBanner, let eventLoop = connection.eventLoop else { return self.begin(connection) }
        let files = self.context.accountFiles()
        NIOThreadPool.singleton.runIfActive(eventLoop: eventLoop) {
            Banner.load(for: user, configuration: configuration, facts: facts, files: files)
        }.assumeIsolated().whenComplete { result in
            guard !connection.hasEnded else { return }
            switch result {
            case .success(.none), .failure: break
            case .success(.text(let text)): connection.perform { try $0.sendBanner(ByteBuffer(bytes: text)) }
            case .success(.problem(let reason)): self.logger.info("\(reason)")
            }
            self.begin(connection)
        }
    }

    private func begin(_ connection: ConnectionHandler) {
        connection.perform { try $0.beginLogin() }
    }
}
