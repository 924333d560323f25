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

    let destination: SSHDestination
    let hostKeys: any HostKeyVerifier
    let eventLoop: any EventLoop
    let loggedIn: EventLoopPromise<Void>
    /// Never succeeds.
    let ended: EventLoopPromise<Void>
    /// None once the connection has ended.
    private(set) var handler: ConnectionHandler?
    private(set) var forwards: Forwards?
    /// False if somebody may be listening in: the host's key is not the known one.
    var mayForward = true
    var stage = ConnectionFailure.Stage.identifying
    var hostKeyLearning = HostKeyLearning.over
    /// What the server said of the time after this connection.
    var reconnectHint: ReconnectHint?
    /// What it moved in all, when it has ended.
    private var lastTraffic = SSHTraffic()
    private let engine: EngineConfiguration
    private var farewell: EventLoopFuture<Void>?
    /// Where the socket leads; a closed one does not know any more.
    private(set) var address: String?
    private var channel: (any Channel)?
    private var timer: Scheduled<Void>?

    init(_ destination: SSHDestination, _ hostKeys: any HostKeyVerifier, eventLoop: any EventLoop) {
        self.destination = destination
        self.hostKeys = hostKeys
        self.engine = .client(destination, hostKeyAlgorithms: hostKeys.algorithms)
        self.eventLoop = eventLoop
        self.loggedIn = eventLoop.makePromise()
        self.ended = eventLoop.makePromise()
    }

    func tell(_ event: ConnectionEvent) {
        self.destination.options.onEvent?(event)
    }

    /// Speaks SSH over a socket that is connected and unread.
    func start(on channel: any Channel) throws {
        do {
            let handler = try ConnectionHandler(configuration: self.engine, random: SystemRandom(), owner: self)
            self.handler = handler
            self.forwards = Forwards(self.destination, handler)
            self.channel = channel
            if self.destination.route.isDirect { self.address = channel.remoteAddress?.ipAddress }
            try channel.pipeline.syncOperations.addHandler(handler)
            guard channel.isActive else { return handler.fail(SSHError.connectionClosed()) }
            if let time = self.destination.options.connectTimeout {
                self.startTimer(handler, time, "finish the key exchange")
            }
            channel.setOption(.autoRead, value: true).whenFailure { _ in }
        } catch {
            channel.close(promise: nil)
            self.loggedIn.fail(error)
            self.ended.fail(error)
            throw error
        }
    }

    /// `connectTimeout` is also how long the server may take to say who it is, and the login has a limit of its own.
    private func startTimer(_ handler: ConnectionHandler, _ time: TimeAmount, _ what: String) {
        self.cancelTimer()
        self.timer = self.eventLoop.assumeIsolated().scheduleTask(in: time) { [weak handler] in
            let seconds = time.nanoseconds / 1_000_000_000
            handler?.fail(SSHError(.timedOut, "the server did not \(what) within \(seconds) seconds"))
        }
    }

    /// The host is who it should be: what is left of the login asks nobody anything, and must come to an end.
    func acceptHostKey(_ connection: ConnectionHandler) {
        self.startTimer(connection, self.destination.options.loginTimeout, "finish the login")
        connection.perform { try $0.acceptHostKey() }
    }

    var traffic: SSHTraffic {
        guard let handler = self.handler else { return self.lastTraffic }
        return SSHTraffic(sent: handler.bytesSent, received: handler.bytesReceived)
    }

    func cancelTimer() {
        self.timer?.cancel()
        self.timer = nil
    }

    func login() {
        self.cancelTimer()
        self.stage = .loggedIn
        self.loggedIn.succeed()
    }

    func end(_ connection: ConnectionHandler, _ reason: SSHError) {
        self.cancelTimer()
        self.lastTraffic = self.traffic
        self.handler = nil
        self.farewell = connection.farewell
        let failure = ConnectionFailure(
            reason,
            self.destination,
            self.stage,
            address: self.address,
            login: connection.clientLoginReport,
            reconnectHint: self.reconnectHint
        )
        self.forwards?.close(failure)
        self.forwards = nil
        self.loggedIn.fail(failure)
        self.ended.fail(failure)
        self.tell(.ended(failure))
    }

    /// - Returns: fails if the host's key is not the known one, and with the connection's end; otherwise as `Forwards.start`.
    func forward(_ requests: [ForwardRequest], _ options: ForwardOptions) -> EventLoopFuture<[Forward]> {
        guard let forwards = self.forwards else { return self.hasEnded() }
        guard self.mayForward || requests.isEmpty else { return self.eventLoop.makeFailedFuture(Self.unverifiedHost) }
        return forwards.start(requests, options, self.eventLoop)
    }

    /// The same for a listener of the server whose connections are taken one by one.
    func listen(on endpoint: ListenEndpoint) -> EventLoopFuture<RemoteListener> {
        guard let forwards = self.forwards else { return self.hasEnded() }
        guard self.mayForward else { return self.eventLoop.makeFailedFuture(Self.unverifiedHost) }
        return forwards.listen(on: endpoint, for: self, self.eventLoop)
    }

    static var unverifiedHost: SSHError {
        SSHError(.hostKeyRejected, "the server's key is not the known one: nothing is forwarded over this connection")
    }

    /// What is asked of a connection that has ended fails with its end.
    func hasEnded<Value: Sendable>() -> EventLoopFuture<Value> {
        self.ended.futureResult.flatMapThrowing { throw SSHError(.connectionLost, "the connection has ended") }
    }

    /// Says goodbye. As ssh, this waits for no answer: only behind a proxy, which has to pass the goodbye on, for a moment.
    func disconnect() -> EventLoopFuture<Void> {
        guard let channel = self.channel else { return self.eventLoop.makeSucceededVoidFuture() }
        self.handler?.disconnect(.byApplication, "disconnected by user")
        let sent = self.farewell ?? self.eventLoop.makeSucceededVoidFuture()
        let gone = self.eventLoop.makePromise(of: Void.self)
        channel.closeFuture.whenComplete { _ in gone.succeed() }
        if self.destination.route.isDirect { sent.whenComplete { _ in gone.succeed() } }
        self.eventLoop.scheduleTask(in: Self.farewellTime) { gone.succeed() }
        return gone.futureResult
    }

    /// Leads another connection's socket to its server through this one.
    func join(_ socket: any Channel, for inner: ClientConnection) {
        guard let handler = self.handler else { return socket.close(promise: nil) }
        let target = inner.destination
        let kind = ChannelOpen.Kind.directTCPIP(
            TunnelAddresses(
                host: target.host,
                port: UInt32(target.port),
                originatorAddress: "127.0.0.1",
                originatorPort: 65535
            )
        )
        let name = self.destination.name
        let tunnel = Tunnel(handler) { [weak inner] tunnel in
            guard let refusal = tunnel.refusal else { return }
            let reason = TunnelRefusal(reason: refusal.reason, message: refusal.message).sentence
            inner?.handler?.fail(SSHError(.forwardingFailed, "\(name) refused to connect there: \(reason)"))
        }
        tunnel.open(kind, for: socket)
    }

    /// Leads a socket that is connected and unread to a target behind the server.
    ///
    /// - Returns: succeeds when the tunnel has done its work; fails with `TunnelRefusal` if there was none, and with the
    ///   connection's end.
    func join(_ socket: any Channel, to target: ForwardTarget) -> EventLoopFuture<Void> {
        let done = self.eventLoop.makePromise(of: Void.self)
        guard let handler = self.handler, let kind = ChannelOpen.Kind.toServer(target, from: nil) else {
            socket.close(promise: nil)
            return self.ended.futureResult
        }
        let tunnel = Tunnel(handler) { [weak handler] tunnel in
            if let refusal = tunnel.refusal {
                done.fail(TunnelRefusal(reason: refusal.reason, message: refusal.message))
            } else if let handler, !handler.hasEnded {
                done.succeed()
            } else {
                // The connection's own end is what the caller hears of.
                done.completeWith(self.ended.futureResult)
            }
        }
        tunnel.open(kind, for: socket)
        return done.futureResult
    }
}

extension EngineConfiguration {
    fileprivate static func client(_ destination: SSHDestination, hostKeyAlgorithms: [String]) -> EngineConfiguration {
        let options = destination.options
        var algorithms = options.algorithms
        algorithms.hostKey = hostKeyAlgorithms
        var engine = EngineConfiguration(role: .client, algorithms: algorithms)
        engine.user = destination.user
        engine.versionAddendum = options.versionAddendum
        engine.identities = destination.identities
        engine.userKeyAlgorithms = options.userKeyAlgorithms
        // As in ssh: what a server says before the login, a banner above all, may be as long as later.
        engine.limits.packetLengthBeforeLogin = engine.limits.packetLength
        engine.rekeyLimit = options.rekeyLimit
        engine.keepalive = options.keepalive
        return engine
    }
}
