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
    private let relays: @Sendable () async throws -> [SSHDestination]

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
        self.relays = { [try await destination()] }
    }

    /// The same with several servers, of which `ReconnectOptions.relayMode` says what they are for.
    ///
    /// - Parameter relays: at least one, in the order in which they are tried. What is asked later may name others, but for
    ///   `RelayMode.all`, which stays with those of the beginning.
    public init(
        _ requests: [ForwardRequest],
        forwardOptions: ForwardOptions = ForwardOptions(),
        options: ReconnectOptions = ReconnectOptions(),
        on eventLoop: any EventLoop,
        toRelays relays: @escaping @Sendable () async throws -> [SSHDestination]
    ) {
        self.requests = requests
        self.forwardOptions = forwardOptions
        self.options = options
        self.eventLoop = eventLoop
        self.relays = relays
    }

    /// Forwards until the task is cancelled.
    ///
    /// - Throws: what is wrong from the beginning and will not mend itself: the destination cannot be made, or a local listener cannot be
    ///   bound and `ForwardOptions.exitOnForwardFailure` is set; `CancellationError`.
    public func run() async throws {
        let relays = try await self.relays()
        guard let first = relays.first else { throw SSHError(.misuse, "there is no server to connect to") }
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
                switch self.options.relayMode {
                case .failover:
                    group.addTask { try await self.connectForEver(relays, self.relays, listeners, doubts) }
                case .all:
                    for relay in relays {
                        group.addTask {
                            try await self.connectForEver([relay], { try await self.only(relay) }, listeners, doubts)
                        }
                    }
                }
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
                return self.tell(.forwardGiven(Forward(request: request, port: port), afterRefusal: true))
            }
            pause = min(pause * 2, self.options.longestForwardPause)
        }
    }

    private func bind(_ request: ForwardRequest, _ listeners: NIOLoopBound<StandingListeners>) async throws -> UInt16? {
        try await self.eventLoop.flatSubmit { [forwardOptions] in listeners.value.listen(request, forwardOptions) }
            .get()
    }

    // MARK: Connections

    /// One of several, as it is now: empty if it is none of them any more.
    private func only(_ relay: SSHDestination) async throws -> [SSHDestination] {
        try await self.relays().filter { $0.name == relay.name }
    }

    /// - Parameter refresh: the same servers, asked anew.
    private func connectForEver(
        _ first: [SSHDestination],
        _ refresh: @Sendable () async throws -> [SSHDestination],
        _ listeners: NIOLoopBound<StandingListeners>,
        _ doubts: PathDoubts
    ) async throws {
        // Made again where it may be to blame: nothing is read anew each second while a server is away.
        var isStale = false
        var relays = RelaySchedule(first, self.options.pauses)
        var random = SystemRandomNumberGenerator()
        var remote = RemoteRequests(self.requests)
        var failures = 0
        var lastEnd: NIODeadline?
        while true {
            var began: NIODeadline?
            var destination = relays.current
            do {
                if isStale { relays.update(try await refresh()) }
                isStale = false
                destination = relays.current
                let patient = destination.patient(self.options, hasOthers: relays.hasOthers)
                let connection = try await SSHConnection.connect(to: patient, on: self.eventLoop)
                do {
                    guard connection.mayForward else { throw ClientConnection.unverifiedHost }
                    began = .now()
                    self.options.onConnection?(connection, destination.name)
                    let outage = lastEnd.map { NIODeadline.now() - $0 }
                    self.tell(.connected(failures: failures, outage: outage), destination.name)
                    failures = 0
                    try await self.serve(connection, destination.name, listeners, &remote, doubts)
                } catch {
                    await connection.close()
                    throw error
                }
            } catch {
                try Task.checkCancellation()
                let now = NIODeadline.now()
                let failure = error as? ConnectionFailure
                let isUnreached = failure?.isUnreached == true
                if !isUnreached { isStale = true }
                let pause: TimeAmount
                if let began {
                    lastEnd = now
                    let hint = failure?.reconnectHint
                    pause = relays.afterConnection(lasting: now - began, hint: hint, now: now, random: &random)
                } else {
                    failures += 1
                    pause =
                        isUnreached
                        ? relays.afterNoAnswer(now: now, random: &random)
                        : relays.afterRefusal(now: now, random: &random)
                }
                self.tell(.disconnected(error, wasConnected: began != nil, nextTry: pause), destination.name)
                // A server that refuses does not think better of it because our addresses change.
                if began != nil || isUnreached { try await doubts.sleep(pause) } else { try await self.sleep(pause) }
            }
        }
    }

    /// - Throws: why the connection ended; it does not return otherwise.
    private func serve(
        _ connection: SSHConnection,
        _ relay: String,
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
            group.addTask { try await self.watch(connection, relay, doubts) }
            // Also where nothing is asked of the server: it tells the connection what holds for forwards.
            try await connection.forward([], options: options)
            try await connection.lead(listeners)
            for request in wanted {
                group.addTask { try await self.ask(request, connection, relay, options) }
            }
            var missing = wanted.count
            if missing == 0 { self.tell(.allStand, relay) }
            for try await given in group {
                guard let given else { continue }
                remote.given(given)
                missing -= 1
                if missing == 0 { self.tell(.allStand, relay) }
            }
        }
    }

    /// Asks until the server gives.
    private func ask(
        _ request: RemoteRequests.Wanted,
        _ connection: SSHConnection,
        _ relay: String,
        _ options: ForwardOptions
    ) async throws -> RemoteRequests.Given? {
        var pause = TimeAmount.seconds(1)
        var tries = 0
        while true {
            let asked = request.request(afterRefusals: tries)
            do {
                let forward = try await connection.forward([asked], options: options).first
                let given = Forward(request: request.original, port: forward?.port)
                self.tell(.forwardGiven(given, afterRefusal: tries > 0), relay)
                return RemoteRequests.Given(index: request.index, port: forward?.port)
            } catch let failure as ForwardFailure {
                if tries == 0 {
                    let told = ForwardFailure(request: request.original, cause: failure.cause)
                    self.tell(.forwardRefused(told, nextTry: pause), relay)
                }
                tries += 1
                try await self.sleep(pause)
                pause = min(pause * 2, self.options.longestForwardPause)
            }
        }
    }

    /// Looks at the way whenever it is in doubt.
    private func watch(
        _ connection: SSHConnection,
        _ relay: String,
        _ doubts: PathDoubts
    ) async throws -> RemoteRequests.Given? {
        for await doubt in doubts.stream() {
            self.tell(.checking(doubt), relay)
            try await connection.probe(within: self.options.probeTimeout)
            // One question at a time, however often something changes.
            try await self.sleep(self.options.probeTimeout)
        }
        throw CancellationError()
    }

    private func tell(_ event: ReconnectEvent, _ relay: String? = nil) {
        self.options.onEvent?(event, relay)
    }

    private func sleep(_ time: TimeAmount) async throws {
        try await Task.sleep(for: .nanoseconds(time.nanoseconds))
    }
}
