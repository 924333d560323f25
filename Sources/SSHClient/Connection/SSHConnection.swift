public import NIOCore
public import NIOPosix
public import SSHForwarding
import SSHProtocol
import SSHWire

/// A connection to an SSH server that is logged in.
///
/// It prints nothing, asks nobody and heeds no signals; what happens is told by `ConnectionOptions.onEvent` and by `events`. It
/// lives until `close` is called, the server ends it, or nobody holds it or anything that came of it any more.
public final class SSHConnection: Sendable {
    private let chain: ConnectionChain
    private let connection: NIOLoopBound<ClientConnection>
    private let end: EventLoopFuture<Void>
    /// Whether forwards may be set up: not if the server showed another key than the known one, and was accepted nevertheless.
    public let mayForward: Bool
    /// What has happened since the beginning of the connection, the last 256 events that nobody has taken. It ends with the
    /// connection. For one task.
    public let events: AsyncStream<ConnectionEvent>

    private init(
        _ chain: ConnectionChain,
        _ connection: NIOLoopBound<ClientConnection>,
        _ end: EventLoopFuture<Void>,
        _ events: AsyncStream<ConnectionEvent>,
        mayForward: Bool
    ) {
        self.chain = chain
        self.connection = connection
        self.end = end
        self.events = events
        self.mayForward = mayForward
    }

    deinit {
        Task { [chain] in await chain.close() }
    }

    /// Connects, makes sure that the server is the right one, and logs in.
    ///
    /// - Parameters:
    ///   - jumpHosts: servers on the way, in the order in which they are passed (ssh's `-J`); they come before the destination's own
    ///     route.
    ///   - group: where all sockets live, on one event loop of it.
    /// - Throws: `ConnectionFailure` with what went wrong and which of the servers it was; `CancellationError` in a task that is
    ///   cancelled.
    public static func connect(
        to destination: SSHDestination,
        through jumpHosts: [SSHDestination] = [],
        on group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton
    ) async throws -> SSHConnection {
        let (events, continuation) = AsyncStream.makeStream(
            of: ConnectionEvent.self,
            bufferingPolicy: .bufferingNewest(256)
        )
        var destination = destination.through(jumpHosts)
        destination.options.onEvent = { [told = destination.options.onEvent] event in
            told?(event)
            continuation.yield(event)
            if case .ended = event { continuation.finish() }
        }
        let eventLoop = group.any()
        let ended = eventLoop.makePromise(of: Void.self)
        let chain = ConnectionChain(eventLoop: eventLoop, ended: ended)
        let made = eventLoop.makePromise(of: (NIOLoopBound<ClientConnection>, Bool).self)
        made.completeWithTask { [destination] in
            let connection = try await chain.connect(destination)
            return (connection, try await eventLoop.submit { connection.value.mayForward }.get())
        }
        // If a connection on the way ends, that is why.
        ended.futureResult.whenFailure { made.fail($0) }
        do {
            let (connection, mayForward) = try await withTaskCancellationHandler {
                try await made.futureResult.get()
            } onCancel: {
                // A connection under way need not come to anything before whoever waits for it hears of this.
                made.fail(CancellationError())
            }
            return SSHConnection(chain, connection, ended.futureResult, events, mayForward: mayForward)
        } catch {
            await chain.close()
            ended.fail(error)
            continuation.finish()
            throw error
        }
    }

    /// Waits for the connection to end by itself.
    ///
    /// - Throws: why it ended, or one on the way to it: it does not return otherwise. `CancellationError` in a task that is cancelled.
    public func waitForEnd() async throws {
        let ended = self.end.eventLoop.makePromise(of: Void.self)
        self.end.cascade(to: ended)
        try await withTaskCancellationHandler {
            try await ended.futureResult.get()
        } onCancel: {
            ended.fail(CancellationError())
        }
    }

    /// Says goodbye to the servers, the last one first, and ends everything that came of the connection.
    public func close() async {
        await self.chain.close()
    }

    // MARK: What it is for

    /// Asks the server to connect somewhere.
    ///
    /// - Throws: `TunnelRefusal` if the server does not, `ConnectionFailure` if the connection ends.
    public func openTunnel(to target: ForwardTarget) async throws -> TunnelStream {
        try await self.perform { connection, eventLoop in
            guard let handler = connection.handler else { return connection.hasEnded() }
            guard let kind = ChannelOpen.Kind.toServer(target, from: nil),
                let opened = TunnelStream.open(kind, on: handler)
            else {
                return eventLoop.makeFailedFuture(SSHError(.misuse, "a tunnel leads to a host or a path"))
            }
            return opened
        }
    }

    /// Joins a socket that is connected and unread to a target behind the server. For code on this connection's event loop, where
    /// the socket lives, too.
    ///
    /// - Returns: succeeds when both sides have said all; fails with `TunnelRefusal` if the server does not connect, and with
    ///   `ConnectionFailure` if the connection ends.
    public func join(_ socket: any Channel, to target: ForwardTarget) -> EventLoopFuture<Void> {
        self.connection.value.join(socket, to: target)
    }

    /// Asks the server to listen, and takes the connections that come there one by one.
    ///
    /// - Parameter endpoint: with port 0, the server chooses one: `RemoteListener.port` says which.
    /// - Throws: `forwardingFailed` if the server refuses, `ConnectionFailure` if the connection ends.
    public func listen(on endpoint: ListenEndpoint) async throws -> RemoteListener {
        try await self.perform { connection, _ in connection.listen(on: endpoint) }
    }

    /// Sets up forwards, all at once.
    ///
    /// - Returns: those that stand, when each has been tried.
    /// - Throws: `ForwardFailure` for the first that cannot be set up, if `options.exitOnForwardFailure`; `ConnectionFailure` if the
    ///   connection ends; `hostKeyRejected` unless `mayForward`.
    @discardableResult
    public func forward(
        _ requests: [ForwardRequest],
        options: ForwardOptions = ForwardOptions()
    ) async throws -> [Forward] {
        try await self.perform { connection, _ in connection.forward(requests, options) }
    }

    // MARK: For forwards that outlive it

    /// What comes to these listeners goes through this connection.
    func lead(_ listeners: NIOLoopBound<StandingListeners>) async throws {
        try await self.perform { connection, eventLoop -> EventLoopFuture<Void> in
            guard let forwards = connection.forwards else { return connection.hasEnded() }
            listeners.value.lead(to: forwards)
            return eventLoop.makeSucceededVoidFuture()
        }
    }

    /// What it has moved so far, or in all.
    public func traffic() async -> SSHTraffic {
        (try? await self.eventLoop.submit { [connection] in connection.value.traffic }.get()) ?? SSHTraffic()
    }

    /// Where its socket leads; nil if the way to the server leads through others.
    public func address() async -> String? {
        try? await self.eventLoop.submit { [connection] in connection.value.address }.get()
    }

    /// Ends the connection unless the server shows a sign of life in time, and at once if it comes from an address that is gone.
    func probe(within time: TimeAmount) async throws {
        try await self.eventLoop.submit { [connection] in connection.value.probe(within: time) }.get()
    }

    /// The event loop of the connection and of all its sockets.
    public var eventLoop: any EventLoop { self.connection.eventLoop }

    /// Works on the connection's event loop.
    private func perform<Result: Sendable>(
        _ work: @escaping @Sendable (ClientConnection, any EventLoop) -> EventLoopFuture<Result>
    ) async throws -> Result {
        try await self.eventLoop.flatSubmit { [connection, eventLoop] in work(connection.value, eventLoop) }.get()
    }
}
