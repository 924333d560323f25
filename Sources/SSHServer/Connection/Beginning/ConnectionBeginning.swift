import NIOCore
import SSHForwarding
import SSHProtocol
import SSHSystem
import SSHWire

/// A connection on which nobody has logged in yet: who it is that wants to, and what holds for him before a key is judged.
final class ConnectionBeginning {
    private let client: Client
    let work: AwaitedWork
    let tried: TriedAccountInquiry
    let startup: StartupWatch
    let flow: LoginFlow
    /// UseDNS: the client's name is being looked up.
    private var nameRequest: ClientNameRequest?

    init(_ client: Client, isKnown: Bool, isSlowed: Bool, graceTime: Duration?) {
        self.client = client
        let work = AwaitedWork(for: client.peer.address, threads: client.context.logins.threads)
        let tried = TriedAccountInquiry(client, work)
        let startup = StartupWatch(
            client,
            tried,
            work,
            StartupWatch.Standing(isKnown: isKnown, isSlowed: isSlowed),
            graceTime: graceTime
        )
        (self.work, self.tried, self.startup) = (work, tried, startup)
        self.flow = LoginFlow(client, tried, work, startup)
    }

    /// The client has said that it speaks SSH.
    func identified(_ connection: ConnectionHandler, peer: String) {
        self.startup.identified()
        self.client.logger.trace("\(self.client.peer): remote version \(peer.escapedForLog)")
        if self.client.facts.missing.contains(.host), let eventLoop = connection.eventLoop {
            self.nameRequest = ClientNameRequest(self.client.peer.address, on: eventLoop)
        }
        self.startup.askForTurn(connection)
    }

    /// The first word of who wants to log in.
    func loginBegins(_ connection: ConnectionHandler, for user: String) {
        guard let nameRequest = self.nameRequest else { return self.prepare(connection, for: user) }
        nameRequest.whenAnswered { [weak connection] answer in
            guard let connection, !connection.hasEnded else { return }
            self.nameRequest = nil
            self.client.facts.learn(answer)
            if case .doubtful(let reason, _) = answer { self.client.sourceLog.info("\(reason.escapedForLog)") }
            self.prepare(connection, for: user)
        }
    }

    private func prepare(_ connection: ConnectionHandler, for user: String) {
        let (rules, facts) = (self.client.context.rules, self.client.facts)
        guard rules.configuration.decidesLoginsBeginning, let eventLoop = connection.eventLoop else {
            return self.beginLogin(connection)
        }
        let files = self.client.context.accountFiles()
        let arrival = NIODeadline.now()
        self.tried.user = user
        self.work.run(for: user, on: eventLoop) {
            LoginBeginning(for: user, configuration: rules.configuration, facts: facts, files: files)
        } _: { beginning in
            let deadline = AnswerPace.deadline(step: AnswerPace.beginning, arrival: arrival, now: .now())
            eventLoop.assumeIsolated().scheduleTask(deadline: deadline) {
                self.beginLogin(connection, beginning, by: rules)
            }
        }
    }

    private func beginLogin(_ connection: ConnectionHandler, _ beginning: LoginBeginning, by rules: RelayRules) {
        guard !connection.hasEnded else { return }
        self.client.logLevel = rules.logLevel(of: beginning.settings.value)
        switch beginning.banner {
        case .none: break
        case .text(let text): connection.perform { try $0.sendBanner(ByteBuffer(bytes: text)) }
        case .problem(let reason): self.client.sourceLog.info("\(reason)")
        }
        self.beginLogin(connection, LoginLimits(beginning.settings.value))
    }

    private func beginLogin(_ connection: ConnectionHandler, _ limits: LoginLimits? = nil) {
        connection.perform { try $0.beginLogin(limits) }
    }

    /// Something else than a key was tried.
    func authenticationFailed(_ connection: ConnectionHandler, for user: String) {
        self.tried.user = user
        self.startup.progressed()
        self.tried.noteFailure()
        if let eventLoop = connection.eventLoop { self.tried.lookUp(eventLoop) }
    }

    /// The connection has ended before anybody has logged in.
    func end(_ reason: SSHError) {
        let (client, context) = (self.client, self.client.context)
        self.startup.end()
        if client.endReason == nil, !self.work.isKeptWaiting, reason.code != .signatureUnavailable {
            context.limits.penalties.punish(client.peer.address, for: self.tried.settledOffence, now: .secondsNow)
        }
        context.connections.remove(client.id)
        client.handler = nil
        self.nameRequest?.cancel()
        if self.work.stop() { self.tried.giveUp() }
        // Whoever ended it has said so.
        guard client.endReason == nil else { return }
        self.tried.afterAnswer {
            client.sourceLog.write(ConnectionEndLines(phase: self.phase, peer: client.peer).lines(reason))
        }
    }

    /// For the lines about the connection's end.
    var phase: ConnectionPhase {
        self.tried.phase ?? (self.startup.hasIdentified ? .keyExchange : .identification)
    }
}
