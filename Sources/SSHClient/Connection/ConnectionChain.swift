import Glibc
import NIOCore
import SSHForwarding
import SSHProtocol
import SSHWire

/// Makes the SSH connection, and those before it that lead there (ProxyJump).
actor ConnectionChain {
    /// More hosts on the way than anybody has: the configuration leads in a circle.
    private static let maximumDepth = 16

    private let environment: LocalEnvironment
    private let log: ClientLog
    private let eventLoop: any EventLoop
    /// Called when a connection on the way ends.
    private let onEnd: @Sendable (any Error) -> Void
    /// In the order in which they were made: each but the first leads through one before it.
    private var connections: [NIOLoopBound<ClientConnection>] = []
    private var proxyCommands: [pid_t] = []
    /// To the server that all this is about.
    private(set) var isLoggedIn = false

    init(
        environment: LocalEnvironment,
        log: ClientLog,
        eventLoop: any EventLoop,
        onEnd: @escaping @Sendable (any Error) -> Void
    ) {
        self.environment = environment
        self.log = log
        self.eventLoop = eventLoop
        self.onEnd = onEnd
    }

    /// - Returns: a connection that is logged in.
    func connect(
        _ configuration: ClientConfiguration,
        _ line: ClientCommandLine,
        depth: Int = 0
    ) async throws -> NIOLoopBound<ClientConnection> {
        guard depth < Self.maximumDepth else {
            let reason = "more than \(Self.maximumDepth) jump hosts: ProxyJump leads in a circle"
            throw SSHError(.invalidConfiguration, reason)
        }
        if let reason = configuration.refuseConnection {
            throw SSHError(.invalidConfiguration, "Connection to \(configuration.originalHost) refused: \(reason)")
        }
        let login = try LoginPreparation(configuration, environment: self.environment, log: self.log)
        let (log, eventLoop) = (self.log, self.eventLoop)
        let start: @Sendable (any Channel) throws -> NIOLoopBound<ClientConnection> = { channel in
            let connection = ClientConnection(login, log: log, eventLoop: eventLoop)
            try connection.start(on: channel)
            return NIOLoopBound(connection, eventLoop: eventLoop)
        }
        let connection: NIOLoopBound<ClientConnection>
        switch configuration.proxy {
        case .direct:
            let dialer = ServerDialer(configuration: configuration, log: log, eventLoop: eventLoop)
            connection = try await dialer.connect(start)
        case .command(let command):
            let descriptor = try self.start(proxyCommand: command)
            connection = try await eventLoop.flatSubmit {
                LocalSockets.channel(descriptor, on: eventLoop).flatMapThrowing(start)
            }.get()
        case .jump(let hosts):
            connection = try await self.withinConnectTimeout(of: configuration) {
                try await self.connect(configuration, line, through: hosts, depth: depth, start)
            }
        }
        let loggedIn = try await self.logIn(connection)
        if depth == 0 { self.isLoggedIn = true }
        return loggedIn
    }

    // MARK: ProxyJump

    /// The way through other hosts counts, as in ssh.
    private func withinConnectTimeout(
        of configuration: ClientConfiguration,
        _ connect: @escaping @Sendable () async throws -> NIOLoopBound<ClientConnection>
    ) async throws -> NIOLoopBound<ClientConnection> {
        guard let seconds = configuration.connectSeconds else { return try await connect() }
        let connected = self.eventLoop.makePromise(of: NIOLoopBound<ClientConnection>.self)
        let timer = self.eventLoop.scheduleTask(in: .seconds(seconds)) {
            let place = "host \(configuration.hostName) port \(configuration.port)"
            connected.fail(SSHError(.timedOut, "connect to \(place): Connection timed out"))
        }
        defer { timer.cancel() }
        connected.completeWithTask(connect)
        return try await connected.futureResult.get()
    }

    private func connect(
        _ configuration: ClientConfiguration,
        _ line: ClientCommandLine,
        through hosts: [JumpHost],
        depth: Int,
        _ start: @escaping @Sendable (any Channel) throws -> NIOLoopBound<ClientConnection>
    ) async throws -> NIOLoopBound<ClientConnection> {
        guard let last = hosts.last else {
            throw SSHError(.invalidConfiguration, "an empty ProxyJump")
        }
        if last.host == configuration.originalHost, last.port ?? 22 == configuration.port,
            last.user ?? configuration.user == configuration.user
        {
            throw SSHError(.invalidConfiguration, "jumphost loop via \(last.host)")
        }
        let target = ForwardTarget.host(configuration.hostName, port: configuration.port)
        let hopLine = line.forJump(to: last, through: hosts.dropLast(), target: target)
        let hop = try ClientConfiguration.load(hopLine, environment: self.environment)
        let outer = try await self.connect(hop, hopLine, depth: depth + 1)
        let (near, far) = try LocalSockets.pair()
        let inner = LocalSockets.channel(near, on: self.eventLoop).flatMapThrowing(start)
        let farEnd = LocalSockets.channel(far, on: self.eventLoop)
        let joined = farEnd.and(inner).map { socket, inner in
            outer.value.join(socket, to: configuration.hostName, configuration.port, for: inner.value)
            return inner
        }
        return try await joined.get()
    }

    // MARK: ProxyCommand

    /// - Returns: the descriptor of our end.
    private func start(proxyCommand command: String) throws -> Int32 {
        let (ours, theirs) = try LocalSockets.pair()
        defer { _ = Glibc.close(theirs) }
        let shell = ChildProcess.shell(self.environment)
        self.log.debug("Executing proxy command: exec \(command)")
        let process = try ChildProcess.start(
            shell,
            [shell, "-c", "exec \(command)"],
            descriptors: [(theirs, STDIN_FILENO), (theirs, STDOUT_FILENO)]
        )
        self.proxyCommands.append(process)
        return ours
    }

    // MARK: Both

    private func logIn(_ connection: NIOLoopBound<ClientConnection>) async throws -> NIOLoopBound<ClientConnection> {
        self.connections.append(connection)
        try await self.eventLoop.flatSubmit { connection.value.loggedIn.futureResult }.get()
        self.eventLoop.execute { [onEnd = self.onEnd] in
            connection.value.ended.futureResult.whenFailure { onEnd($0) }
        }
        return connection
    }

    /// Says goodbye to every server, the last one first, because its goodbye goes through the others.
    func close() async {
        for connection in self.connections.reversed() {
            let closed = self.eventLoop.flatSubmit { connection.value.disconnect() }
            try? await closed.get()
        }
        for process in self.proxyCommands { kill(process, SIGHUP) }
    }
}
