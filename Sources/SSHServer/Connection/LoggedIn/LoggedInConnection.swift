import NIOCore
import SSHCrypto
import SSHForwarding
import SSHProtocol
import SSHSystem
import SSHWire

/// A connection on which somebody has logged in: what the client has running, and what it is held to.
///
/// Parts that an idle connection has no use for come into being when they are needed.
final class LoggedInConnection {
    let client: Client
    var login: Login
    /// What its tunnels are held to, each shared with other connections of the account or the key.
    var rateLimiters: [RateLimiter] = []
    var channels: ChannelWatch?
    var sessions = Sessions()
    /// nil until the client asks for a listener.
    private(set) var listeners: Listeners?
    var accountQuestions = AccountQuestions()
    private var proofs = HostKeyProofs()
    private var startedWork: AwaitedWork?

    init(_ client: Client, _ login: Login) {
        self.client = client
        self.login = login
        client.account = login.user
    }

    /// The client has been told that it is logged in.
    func begin(_ connection: ConnectionHandler) {
        let limits = self.client.context.limits
        connection.memory.move(to: ResourceBudget.memory.account(named: self.login.user))
        self.client.descriptors.move(to: ResourceBudget.descriptors.account(named: self.login.user))
        limits.turns.measured(connection.timeBeforeLogin)
        limits.knownSources.loggedIn(self.client.source)
        self.proofs.announce(connection)
        self.applySettings(connection, replacing: nil)
        self.applyRateLimits()
        if self.login.grant.settings.unusedConnectionTimeout != nil { self.watchedChannels.waitForUse() }
    }

    func handle(_ request: GlobalRequest.Request, on connection: ConnectionHandler, _ reply: UInt64?) {
        switch request {
        case .tcpipForward(let address): self.startedListeners.listen(connection, address, reply)
        case .cancelTCPIPForward(let address): self.startedListeners.cancel(connection, address, reply)
        case .streamLocalForward(let path): self.startedListeners.listen(connection, path: path, reply)
        case .cancelStreamLocalForward(let path): self.startedListeners.cancel(connection, path: path, reply)
        case .other(HostKeyUpdate.proof, let data): self.proofs.prove(data, to: self.client, connection, reply)
        case .other(let name, _):
            if name == "no-more-sessions@openssh.com" { self.sessions.areAllowed = false }
            connection.answer(reply, success: nil)
        }
    }

    func open(_ channel: ChannelID, _ kind: ChannelOpen.Kind, on connection: ConnectionHandler) {
        guard !self.isStopping else {
            return connection.refuse(channel, .resourceShortage, "the relay is shutting down")
        }
        switch kind {
        case .directTCPIP(let addresses): OutgoingTunnels(of: self).open(channel, to: addresses, on: connection)
        case .session: self.openSession(channel, on: connection)
        case .directStreamLocal(let path): OutgoingTunnels(of: self).open(channel, toPath: path, on: connection)
        case .forwardedTCPIP, .forwardedStreamLocal, .other:
            connection.refuse(channel, .unknownChannelType, "unknown channel type")
        }
    }

    func lacksRoom(_ shortage: ChannelShortage) {
        switch shortage {
        case .limit(let limit):
            self.requestLog.info("\(self.peer): no further channel: the connection has \(limit) (MaxChannels)")
        case .memory:
            self.requestLog.info(
                "\(self.peer): no further channel: the account holds all the memory that it may for now"
            )
        }
    }

    /// No listener is left, and none begins any more.
    func closeListeners() {
        self.startedListeners.forwards.closeAll()
    }

    /// The connection has ended.
    func end(_ connection: ConnectionHandler, _ reason: SSHError) {
        let (client, context) = (self.client, self.client.context)
        if connection.isAuthenticated { context.limits.knownSources.loggedOut(client.source, now: .secondsNow) }
        self.listeners?.end()
        self.listeners = nil
        context.connections.remove(client.id)
        client.handler = nil
        self.channels?.end()
        self.startedWork?.stop()
        // Whoever ended it has said so.
        guard client.endReason == nil else { return }
        client.sourceLog.write(ConnectionEndLines(phase: self.phase, peer: client.peer).lines(reason))
    }

    /// For the lines about the connection's end.
    var phase: ConnectionPhase { .loggedIn(user: self.login.user.escapedForLog) }

    private var startedListeners: Listeners {
        if let listeners = self.listeners { return listeners }
        let listeners = Listeners(of: self)
        self.listeners = listeners
        return listeners
    }

    var watchedChannels: ChannelWatch {
        if let channels = self.channels { return channels }
        let channels = ChannelWatch(self.client, self.login.grant.settings)
        self.channels = channels
        return channels
    }

    /// What is done for the client away from the event loop.
    var work: AwaitedWork {
        if let work = self.startedWork { return work }
        let work = AwaitedWork(for: self.peer.address, threads: self.client.context.logins.threads)
        self.startedWork = work
        return work
    }
}
