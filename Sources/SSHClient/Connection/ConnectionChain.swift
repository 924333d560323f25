import Glibc
import NIOCore
import SSHForwarding
import SSHProtocol
import SSHWire

/// Makes the SSH connection, and those before it that lead there.
actor ConnectionChain {
    /// More hosts on the way than anybody has.
    static let maximumDepth = 16

    private let eventLoop: any EventLoop
    /// Fails with the end of the connection that ends first.
    private let ended: EventLoopPromise<Void>
    /// In the order in which they were made: each but the first leads through one before it.
    private var connections: [NIOLoopBound<ClientConnection>] = []
    private var commands: [Int32] = []
    private var isClosed = false

    init(eventLoop: any EventLoop, ended: EventLoopPromise<Void>) {
        self.eventLoop = eventLoop
        self.ended = ended
    }

    /// - Returns: a connection that is logged in.
    /// - Throws: `ConnectionFailure`, and `CancellationError` once the chain has been closed.
    func connect(_ destination: SSHDestination, depth: Int = 0) async throws -> NIOLoopBound<ClientConnection> {
        do {
            return try await self.logIn(try await self.reach(destination, depth))
        } catch let error as SSHError {
            throw ConnectionFailure(error, destination, .connecting)
        }
    }

    /// - Returns: a connection that has begun.
    private func reach(_ destination: SSHDestination, _ depth: Int) async throws -> NIOLoopBound<ClientConnection> {
        guard depth < Self.maximumDepth else {
            let reason = "more than \(Self.maximumDepth) jump hosts: ProxyJump leads in a circle"
            throw SSHError(.invalidConfiguration, reason)
        }
        let hostKeys = try destination.hostKeys.verifier(for: destination)
        let eventLoop = self.eventLoop
        let start: @Sendable (any Channel) throws -> NIOLoopBound<ClientConnection> = { channel in
            let connection = ClientConnection(destination, hostKeys, eventLoop: eventLoop)
            try connection.start(on: channel)
            return NIOLoopBound(connection, eventLoop: eventLoop)
        }
        switch destination.route {
        case .direct:
            return try await ServerDialer(destination, on: eventLoop).connect(start)
        case .proxy(let proxy):
            return try await ServerDialer(destination, through: proxy, on: eventLoop).connect(start)
        case .command(let command):
            destination.options.onEvent?(.runsCommand(command.command))
            let descriptor = try self.start(command)
            return try await eventLoop.flatSubmit {
                LocalSockets.channel(descriptor, on: eventLoop).flatMapThrowing(start)
            }.get()
        case .jump(let hop):
            return try await self.withinConnectTimeout(of: destination) {
                try await self.connect(through: hop, depth: depth, start)
            }
        }
    }

    // MARK: Through another server

    /// The way through other hosts counts, as in ssh.
    private func withinConnectTimeout(
        of destination: SSHDestination,
        _ connect: @escaping @Sendable () async throws -> NIOLoopBound<ClientConnection>
    ) async throws -> NIOLoopBound<ClientConnection> {
        guard let time = destination.options.connectTimeout else { return try await connect() }
        let connected = self.eventLoop.makePromise(of: NIOLoopBound<ClientConnection>.self)
        let timer = self.eventLoop.scheduleTask(in: time) {
            let place = "host \(destination.host) port \(destination.port)"
            connected.fail(SSHError(.timedOut, "connect to \(place): Connection timed out"))
        }
        defer { timer.cancel() }
        connected.completeWithTask(connect)
        return try await connected.futureResult.get()
    }

    private func connect(
        through hop: SSHDestination,
        depth: Int,
        _ start: @escaping @Sendable (any Channel) throws -> NIOLoopBound<ClientConnection>
    ) async throws -> NIOLoopBound<ClientConnection> {
        let outer = try await self.connect(hop, depth: depth + 1)
        let (near, far) = try LocalSockets.pair()
        let inner = LocalSockets.channel(near, on: self.eventLoop).flatMapThrowing(start)
        let farEnd = LocalSockets.channel(far, on: self.eventLoop)
        let joined = farEnd.and(inner).map { socket, inner in
            outer.value.join(socket, for: inner.value)
            return inner
        }
        return try await joined.get()
    }

    // MARK: Through a program

    /// - Returns: the descriptor of our end.
    private func start(_ command: ProxyCommand) throws -> Int32 {
        let (ours, theirs) = try LocalSockets.pair()
        defer { _ = Glibc.close(theirs) }
        let process = try ClientPrograms.start(
            command.shell,
            [command.shell, "-c", "exec \(command.command)"],
            signals: command.signals,
            descriptors: [(theirs, STDIN_FILENO), (theirs, STDOUT_FILENO)]
        )
        self.commands.append(process)
        return ours
    }

    // MARK: All

    private func logIn(_ connection: NIOLoopBound<ClientConnection>) async throws -> NIOLoopBound<ClientConnection> {
        guard !self.isClosed else {
            self.eventLoop.execute { _ = connection.value.disconnect() }
            throw CancellationError()
        }
        self.connections.append(connection)
        try await self.eventLoop.flatSubmit { connection.value.loggedIn.futureResult }.get()
        self.eventLoop.execute { [ended = self.ended] in
            connection.value.ended.futureResult.whenFailure { ended.fail($0) }
        }
        return connection
    }

    /// Says goodbye to every server, the last one first, because its goodbye goes through the others.
    func close() async {
        self.isClosed = true
        for connection in self.connections.reversed() {
            let closed = self.eventLoop.flatSubmit { connection.value.disconnect() }
            try? await closed.get()
        }
        self.connections = []
        for process in self.commands { kill(process, SIGHUP) }
        self.commands = []
    }
}
