public import NIOCore
import SSHForwarding
import SSHSystem
import SSHWire

/// Forwards that stand for years: whenever their connection ends, another one is made, and they are set up again.
///
/// It never gives up. Local listeners stay bound between two connections, and hold who connects meanwhile. A listener that the server
/// refuses is asked for again until it is given, without harm to the others. Nothing of a tunnel survives its connection: what was
/// open ends with an error, and no byte is sent twice.
public struct ReconnectingForwards: Sendable {
    private let requests: [ForwardRequest]
    private let forwardOptions: ForwardOptions
    private let options: ReconnectOptions
    private let eventLoop: any EventLoop
    private let destination: @Sendable () async throws -> SSHDestination

    /// - Parameter destination: asked at the beginning, and again after each connection and each refusal, so that keys and hosts that have
    ///   changed are the new ones.
    public init(
        _ requests: [ForwardRequest],
        forwardOptions: ForwardOptions = ForwardOptions(),
        options: ReconnectOptions = ReconnectOptions(),
        on eventLoop: any EventLoop,
        to destination: @escaping @Sendable () async throws -> SSHDestination
    ) {
        self.requests = requests
        self.forwardOptions = forwardOptions
        self.options = options
        self.eventLoop = eventLoop
        self.destination = destination
    }

    /// Forwards until the task is cancelled.
    ///
    /// - Throws: what is wrong from the beginning and will not mend itself: the destination cannot be made, or a local listener cannot be
    ///   bound and `ForwardOptions.exitOnForwardFailure` is set; `CancellationError`.
    public func run() async throws {
        let first = try await self.destination()
        let doubts = PathDoubts()
        let (heard, sink) = AsyncStream.makeStream(of: PathDoubt.self, bufferingPolicy: .bufferingNewest(1))
        let (listeners, watcher) = try await self.eventLoop.submit { [hold = self.options.hold, eventLoop] in
            let watcher = PathWatch(sink, on: eventLoop)
            watcher.start()
            return (
                NIOLoopBound(StandingListeners(first.options, hold: hold, eventLoop: eventLoop), eventLoop: eventLoop),
                NIOLoopBound(watcher, eventLoop: eventLoop)
            )
        }.get()
        defer { self.eventLoop.execute { watcher.value.stop() } }
        do {
            let unbound = try await self.listen(listeners)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for request in unbound {
                    group.addTask { try await self.listen(request, listeners) }
                }
                group.addTask { try await self.connectForEver(first, listeners, doubts) }
                group.addTask { for await doubt in heard { doubts.tell(doubt) } }
                try await group.waitForAll()
            }
        } catch {
            try? await self.eventLoop.submit { listeners.value.close() }.get()
            throw error
        }
    }

    // MARK: Local listeners

    /// - Returns: those that cannot be bound yet.
    private func listen(_ listeners: NIOLoopBound<StandingListeners>) async throws -> [ForwardRequest] {
        var unbound: [ForwardRequest] = []
        for request in self.requests where request.side == .local {
            do {
                _ = try await self.bind(request, listeners)
            } catch {
                let failure = ForwardFailure(request: request, cause: error)
                if self.forwardOptions.exitOnForwardFailure { throw failure }
                self.tell(.forwardRefused(failure, nextTry: .seconds(1)))
                unbound.append(request)
            }
        }
        return unbound
    }

    private func listen(_ request: ForwardRequest, _ listeners: NIOLoopBound<StandingListeners>) async throws {
        var pause = TimeAmount.seconds(1)
        while true {
            try await self.sleep(pause)
            if let port = try? await self.bind(request, listeners) {
                return self.tell(.forwardGiven(Forward(request: request, port: port)))
            }
            pause = min(pause * 2, self.options.longestForwardPause)
        }
    }

    private func bind(_ request: ForwardRequest, _ listeners: NIOLoopBound<StandingListeners>) async throws -> UInt16? {
        try await self.eventLoop.flatSubmit { [forwardOptions] in listeners.value.listen(request, forwardOptions) }
            .get()
    }

    // MARK: Connections

    private func connectForEver(
        _ first: SSHDestination,
        _ listeners: NIOLoopBound<StandingListeners>,
        _ doubts: PathDoubts
    ) async throws {
        // Made again where it may be to blame: nothing is read anew each second while a server is away.
        var known: SSHDestination? = first
        var pauses = self.options.pauses
        var random = SystemRandomNumberGenerator()
        var remote = RemoteRequests(self.requests)
        var failures = 0
        var lastEnd: NIODeadline?
        while true {
            var began: NIODeadline?
            do {
                let destination: SSHDestination
                if let known { destination = known } else { destination = try await self.destination() }
                known = destination
                let connection = try await SSHConnection.connect(to: self.patient(destination), on: self.eventLoop)
                do {
                    guard connection.mayForward else { throw ClientConnection.unverifiedHost }
                    began = .now()
                    self.tell(.connected(failures: failures, outage: lastEnd.map { NIODeadline.now() - $0 }))
                    failures = 0
                    try await self.serve(connection, listeners, &remote, doubts)
                } catch {
                    await connection.close()
                    throw error
                }
            } catch {
                try Task.checkCancellation()
                let now = NIODeadline.now()
                let isUnreached = (error as? ConnectionFailure)?.isUnreached == true
                if !isUnreached { known = nil }
                let pause: TimeAmount
                if let began {
                    lastEnd = now
                    pause = pauses.afterConnection(lasting: now - began, now: now, random: &random)
                } else {
                    failures += 1
                    pause =
                        isUnreached
                        ? pauses.afterNoAnswer(now: now, random: &random) : pauses.afterRefusal(random: &random)
                }
                self.tell(.disconnected(error, wasConnected: began != nil, nextTry: pause))
                // A server that refuses does not think better of it because our addresses change.
                if began != nil || isUnreached { try await doubts.sleep(pause) } else { try await self.sleep(pause) }
            }
        }
    }

    /// A server that does not answer must not keep the next try waiting.
    private func patient(_ destination: SSHDestination) -> SSHDestination {
        var destination = destination
        if destination.options.connectTimeout == nil {
            destination.options.dialTimeout = self.options.dialTimeout
            destination.options.connectTimeout = self.options.keyExchangeTimeout
        }
        return destination
    }

    /// - Throws: why the connection ended; it does not return otherwise.
    private func serve(
        _ connection: SSHConnection,
        _ listeners: NIOLoopBound<StandingListeners>,
        _ remote: inout RemoteRequests,
        _ doubts: PathDoubts
    ) async throws {
        var quiet = self.forwardOptions
        quiet.exitOnForwardFailure = true
        let options = quiet
        let wanted = remote.wanted
        try await withThrowingTaskGroup(of: RemoteRequests.Given?.self) { group in
            defer { group.cancelAll() }
            group.addTask {
                try await connection.waitForEnd()
                return nil
            }
            group.addTask { try await self.watch(connection, doubts) }
            // Also where nothing is asked of the server: it tells the connection what holds for forwards.
            try await connection.forward([], options: options)
            try await connection.lead(listeners)
            for request in wanted {
                group.addTask { try await self.ask(request, connection, options) }
            }
            var missing = wanted.count
            if missing == 0 { self.tell(.allStand) }
            for try await given in group {
                guard let given else { continue }
                remote.given(given)
                missing -= 1
                if missing == 0 { self.tell(.allStand) }
            }
        }
    }

    /// Asks until the server gives.
    private func ask(
        _ request: RemoteRequests.Wanted,
        _ connection: SSHConnection,
        _ options: ForwardOptions
    ) async throws -> RemoteRequests.Given? {
        var pause = TimeAmount.seconds(1)
        var tries = 0
        while true {
            let asked = request.request(afterRefusals: tries)
            do {
                let forward = try await connection.forward([asked], options: options).first
                if tries > 0 { self.tell(.forwardGiven(Forward(request: request.original, port: forward?.port))) }
                return RemoteRequests.Given(index: request.index, port: forward?.port)
            } catch let failure as ForwardFailure {
                if tries == 0 {
                    let told = ForwardFailure(request: request.original, cause: failure.cause)
                    self.tell(.forwardRefused(told, nextTry: pause))
                }
                tries += 1
                try await self.sleep(pause)
                pause = min(pause * 2, self.options.longestForwardPause)
            }
        }
    }

    /// Looks at the way whenever it is in doubt.
    private func watch(_ connection: SSHConnection, _ doubts: PathDoubts) async throws -> RemoteRequests.Given? {
        for await doubt in doubts.stream() {
            self.tell(.checking(doubt))
            try await connection.probe(within: self.options.probeTimeout)
            // One question at a time, however often something changes.
            try await self.sleep(self.options.probeTimeout)
        }
        throw CancellationError()
    }

    private func tell(_ event: ReconnectEvent) {
        self.options.onEvent?(event)
    }

    private func sleep(_ time: TimeAmount) async throws {
        try await Task.sleep(for: .nanoseconds(time.nanoseconds))
    }
}
