import NIOCore
import SSHCrypto
import SSHForwarding
import SSHProtocol
import SSHWire

/// One SSH connection to a server: checks its key, logs in, and owns the forwards.
///
/// Everything happens on the connection's event loop.
final class ClientConnection {
    /// How long a goodbye may take on its way.
    private static let farewellTime = TimeAmount.milliseconds(250)

    let configuration: ClientConfiguration
    let hostKeys: HostKeyCheck
    let log: ClientLog
    let eventLoop: any EventLoop
    /// Fails with a line for the user.
    let loggedIn: EventLoopPromise<Void>
    /// Never succeeds.
    let ended: EventLoopPromise<Void>
    /// None once the connection has ended.
    private(set) var handler: ConnectionHandler?
    private(set) var forwards: ConfiguredForwards?
    /// False if somebody may be listening in: the host's key is not the known one.
    var mayForward = true
    private(set) var isLoggedIn = false
    var hostKeyLearning = HostKeyLearning.over
    /// Whether the server's identification line has come.
    var hasIdentifiedItself = false
    private let engine: EngineConfiguration
    private let identities: IdentityReport
    private var farewell: EventLoopFuture<Void>?
    /// Where the socket leads; a closed one does not know any more.
    private var address: String?
    private var channel: (any Channel)?
    private var timer: Scheduled<Void>?

    init(_ login: LoginPreparation, log: ClientLog, eventLoop: any EventLoop) {
        self.configuration = login.configuration
        self.hostKeys = login.hostKeys
        self.engine = login.engine
        self.identities = login.identities
        self.log = log
        self.eventLoop = eventLoop
        self.loggedIn = eventLoop.makePromise()
        self.ended = eventLoop.makePromise()
    }

    /// `host:port`, for messages.
    var name: String {
        ForwardTarget.host(self.configuration.hostName, port: self.configuration.port).description
    }

    /// Speaks SSH over a socket that is connected and unread.
    func start(on channel: any Channel) throws {
        do {
            let handler = try ConnectionHandler(configuration: self.engine, random: SystemRandom(), owner: self)
            self.handler = handler
            self.channel = channel
            if self.configuration.proxy == .direct { self.address = channel.remoteAddress?.ipAddress }
            try channel.pipeline.syncOperations.addHandler(handler)
            guard channel.isActive else {
                return handler.fail(SSHError(.connectionLost, "the peer closed the connection"))
            }
            if let seconds = self.configuration.connectSeconds {
                self.startTimer(handler, seconds: seconds, "finish the key exchange")
            }
            channel.setOption(.autoRead, value: true).whenFailure { _ in }
        } catch {
            channel.close(promise: nil)
            self.loggedIn.fail(error)
            self.ended.fail(error)
            throw error
        }
    }

    /// ConnectTimeout is also how long the server may take to say who it is, and the login has a limit of its own.
    private func startTimer(_ handler: ConnectionHandler, seconds: Int64, _ what: String) {
        self.cancelTimer()
        self.timer = self.eventLoop.assumeIsolated().scheduleTask(in: .seconds(seconds)) { [weak handler] in
            handler?.fail(SSHError(.timedOut, "the server did not \(what) within \(seconds) seconds"))
        }
    }

    /// The host is who it should be: what is left of the login asks nobody anything, and must come to an end.
    func acceptHostKey(_ connection: ConnectionHandler) {
        self.startTimer(connection, seconds: self.configuration.loginSeconds, "finish the login")
        connection.perform { try $0.acceptHostKey() }
    }

    func cancelTimer() {
        self.timer?.cancel()
        self.timer = nil
    }

    func login() {
        self.cancelTimer()
        self.isLoggedIn = true
        self.loggedIn.succeed()
    }

    /// Sets up what the configuration asks for.
    ///
    /// - Returns: succeeds when every forward has been tried, and fails if one failed that must not.
    func startForwards() -> EventLoopFuture<Void> {
        guard let handler = self.handler else { return self.ended.futureResult }
        let forwards = ConfiguredForwards(self, handler)
        self.forwards = forwards
        return forwards.start()
    }

    func end(_ connection: ConnectionHandler, _ reason: SSHError) {
        self.cancelTimer()
        self.handler = nil
        self.farewell = connection.farewell
        self.forwards?.close()
        self.forwards = nil
        let failure = self.failure(connection, reason)
        self.loggedIn.fail(failure)
        self.ended.fail(failure)
    }

    private func failure(_ connection: ConnectionHandler, _ reason: SSHError) -> ClientFailure {
        let end = ConnectionEnd(
            host: self.configuration.hostName,
            port: self.configuration.port,
            user: self.configuration.user,
            isLoggedIn: self.isLoggedIn
        )
        var explanation: [String] = []
        if let login = connection.clientLoginReport {
            let isRefusal = reason.code == .authenticationFailed
            // One failed try too many.
            let isGoodbye = reason.code == .disconnectedByPeer && !login.offered.isEmpty
            if isRefusal || isGoodbye { explanation = self.identities.explanation(login) }
        }
        return end.failure(
            reason,
            address: self.address,
            hasIdentifiedItself: self.hasIdentifiedItself,
            explanation: explanation
        )
    }

    /// Says goodbye. As ssh, this waits for no answer: only behind a proxy, which has to pass the goodbye on, for a moment.
    func disconnect() -> EventLoopFuture<Void> {
        guard let channel = self.channel else { return self.eventLoop.makeSucceededVoidFuture() }
        self.handler?.disconnect(.byApplication, "disconnected by user")
        let sent = self.farewell ?? self.eventLoop.makeSucceededVoidFuture()
        let gone = self.eventLoop.makePromise(of: Void.self)
        channel.closeFuture.whenComplete { _ in gone.succeed() }
        if self.configuration.proxy == .direct { sent.whenComplete { _ in gone.succeed() } }
        self.eventLoop.scheduleTask(in: Self.farewellTime) { gone.succeed() }
        return gone.futureResult
    }

    /// Leads another connection's socket to its server through this one.
    func join(_ socket: any Channel, to host: String, _ port: UInt16, for inner: ClientConnection) {
        guard let handler = self.handler else { return socket.close(promise: nil) }
        let kind = ChannelOpen.Kind.directTCPIP(
            TunnelAddresses(host: host, port: UInt32(port), originatorAddress: "127.0.0.1", originatorPort: 65535)
        )
        let name = self.name
        let tunnel = Tunnel(handler) { [weak inner] tunnel in
            guard let refusal = tunnel.refusal else { return }
            let reason = ChannelRefusal.sentence(refusal.reason, refusal.message)
            inner?.handler?.fail(SSHError(.forwardingFailed, "\(name) refused to connect there: \(reason)"))
        }
        tunnel.open(kind, for: socket)
    }

    /// Leads standard input and output to a target behind the server (`-W`).
    ///
    /// - Returns: succeeds when the tunnel has done its work, and fails if there was none.
    func join(_ socket: any Channel, to target: ForwardTarget) -> EventLoopFuture<Void> {
        let done = self.eventLoop.makePromise(of: Void.self)
        guard let handler = self.handler, let kind = ChannelOpen.Kind.toServer(target, from: nil) else {
            socket.close(promise: nil)
            return self.ended.futureResult
        }
        let name = self.name
        let tunnel = Tunnel(handler) { [weak handler] tunnel in
            if let refusal = tunnel.refusal {
                let reason = ChannelRefusal.sentence(refusal.reason, refusal.message)
                done.fail(SSHError(.forwardingFailed, "\(name) refused to connect to \(target): \(reason)"))
            } else if let handler, !handler.hasEnded {
                done.succeed()
            } else {
                // The connection's own end is what the user hears of.
                done.completeWith(self.ended.futureResult)
            }
        }
        tunnel.open(kind, for: socket)
        return done.futureResult
    }
}
