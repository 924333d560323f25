public import Logging
public import NIOCore
import NIOPosix
public import SSHCrypto
import SSHSystem
import SSHWire
public import ServiceLifecycle
import Synchronization

/// The relay: listens for SSH connections and serves each until it is asked to stop.
public final class RelayServer: Service {
    /// Reads the configuration again, and says where the log goes from then on.
    public typealias Reload = @Sendable () throws -> (ServerConfiguration, Logger)

    private enum Command {
        case reload(ReloadRequest)
        case mendListeners
        case stop
    }

    /// How often files are looked at: twice within the five seconds in which a revoked key must be gone.
    private static let watchInterval = Duration.seconds(2)
    /// How often it is looked whether the log is to say what was left out of it, and after how many seconds of that it does.
    private static let reportInterval = Duration.seconds(2)
    private static let reportAge = 3
    /// How often tunnels are counted while the relay waits for their end.
    private static let drainInterval = Duration.milliseconds(50)
    /// Before a listener is opened again that the system has closed, or could not open.
    private static let mendInterval = Duration.seconds(5)

    let context: RelayContext
    private let rejudgement: Rejudgement
    private let readAgain: Reload?
    private let sockets: [InheritedSocket]
    private let policy: (any RelayPolicy)?
    private let hostKeys: [any SigningKey]
    /// Where connections live; nil for threads of the relay's own.
    private let group: (any EventLoopGroup)?
    private let listening = ListeningAddresses()
    private let notifier: ServiceNotifier?
    private let commands: AsyncStream<Command>
    private let commander: AsyncStream<Command>.Continuation
    private let stops = Atomic<Int>(0)

    /// Reads the host keys.
    ///
    /// - Parameters:
    ///   - sockets: listen on these instead of on what the configuration names.
    ///   - serviceEnvironment: looks up the variables by which systemd asks to be told how the relay is doing (sd_notify(3)); nil tells
    ///     nobody.
    ///   - policy: decides who may log in, listen and open, in place of accounts' files.
    ///   - hostKeys: prove who the relay is, in place of those of files.
    ///   - group: where connections live, instead of on threads of the relay's own, as many as there are cores.
    ///   - reload: what `reload()` does; without it, it does nothing.
    /// - Throws: `invalidConfiguration` if there is none that can be used.
    public init(
        configuration: ServerConfiguration,
        logger: Logger,
        sockets: [InheritedSocket] = [],
        serviceEnvironment: ((String) -> String?)? = nil,
        policy: (any RelayPolicy)? = nil,
        hostKeys: [any SigningKey] = [],
        on group: (any EventLoopGroup)? = nil,
        reload: Reload? = nil
    ) throws {
        self.context = RelayContext(
            try RelayRules(configuration: configuration, logger: logger, policy: policy, hostKeys: hostKeys),
            sessionCommands: RelaySessionCommands()
        )
        self.policy = policy
        self.hostKeys = hostKeys
        self.group = group
        self.rejudgement = Rejudgement(self.context)
        self.readAgain = reload
        self.sockets = sockets
        self.notifier = serviceEnvironment.flatMap { ServiceNotifier(environment: $0) }
        (self.commands, self.commander) = AsyncStream.makeStream()
    }

    /// Reads everything again without ending a tunnel. A configuration that is wrong changes nothing.
    public func reload() {
        self.commander.yield(.reload(ReloadRequest { _ in }))
    }

    /// Asks the relay to stop: the first time it lets tunnels finish for ShutdownGrace, the second time it does not.
    ///
    /// - Parameter signal: what asked for it, for the log.
    public func stop(signal: Int32? = nil) {
        if let signal { self.context.logger.info("Received signal \(signal); terminating.") }
        self.stops.wrappingAdd(1, ordering: .relaxed)
        self.commander.yield(.stop)
    }

    /// Where the relay listens, with the ports that the system chose. Waits until it does.
    ///
    /// - Throws: why it does not listen, or does no longer; `CancellationError` in a task that is cancelled.
    public func addresses() async throws -> [SocketAddress] {
        try await self.listening.addresses()
    }

    /// Serves until `stop` is called, or until the service group asks for a graceful shutdown.
    public func run() async throws {
        let acceptors = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let own = self.group == nil ? MultiThreadedEventLoopGroup(numberOfThreads: max(1, System.coreCount)) : nil
        let group: any EventLoopGroup = self.group ?? own ?? acceptors
        let result: Result<Void, any Error>
        do {
            try await withGracefulShutdownHandler {
                try await self.serve(on: group, acceptors)
            } onGracefulShutdown: {
                self.stop()
            }
            result = .success(())
        } catch {
            result = .failure(error)
        }
        self.listening.end(result)
        try? await acceptors.shutdownGracefully()
        try? await own?.shutdownGracefully()
        try result.get()
    }

    private func serve(
        on group: any EventLoopGroup,
        _ acceptors: MultiThreadedEventLoopGroup
    ) async throws {
        self.context.setBudgets()
        var listeners = RelayListeners(
            acceptors: acceptors,
            group: group,
            context: self.context,
            onLoss: self.mendSoon
        )
        try await listeners.take(self.sockets, self.context.rules.configuration)
        try await listeners.follow(self.context.rules.configuration)
        self.listens(on: listeners.addresses)
        var pidFile = CurrentPidFile()
        pidFile.follow(self.context.rules.configuration, self.context.logger)
        let running = RunningRelay(self.context) { [commander] in commander.yield(.reload($0)) }
        var controlSocket = CurrentControlSocket(running, on: group.next())
        await controlSocket.follow(self.context.rules.configuration, self.context.logger)
        let watching = Task { try await self.watchFiles() }
        let reporting = Task { try await self.reportLeftOutLines() }
        let remembering = Task { try await self.watchMemory() }
        defer { remembering.cancel() }
        let proving = Task {
            // An event loop that hangs must not look alive.
            await self.notifier?.keepAlive {
                for loop in Array(group.makeIterator()) + Array(acceptors.makeIterator()) as [any EventLoop] {
                    try? await loop.submit {}.get()
                }
            }
        }
        self.notifier?.ready("Serving.")
        let failure = await self.follow(&listeners, &pidFile, &controlSocket)
        self.notifier?.stopping("Waiting for tunnels to end.")
        defer { proving.cancel() }
        watching.cancel()
        // As the listeners: the relay that comes next may have them at once.
        await controlSocket.close()
        await listeners.closeAll()
        await self.drain()
        reporting.cancel()
        self.context.reportLeftOutLines()
        pidFile.remove()
        if let failure { throw failure }
    }

    /// Does what it is told until it is told to stop.
    ///
    /// - Returns: why it cannot go on, if nobody has told it to stop.
    private func follow(
        _ listeners: inout RelayListeners,
        _ pidFile: inout CurrentPidFile,
        _ controlSocket: inout CurrentControlSocket
    ) async -> SSHError? {
        for await command in self.commands {
            switch command {
            case .reload(let request):
                self.notifier?.reloading()
                let outcome = await self.reload(&listeners)
                pidFile.follow(self.context.rules.configuration, self.context.logger)
                await controlSocket.follow(self.context.rules.configuration, self.context.logger)
                self.notifier?.ready(outcome.status)
                request.answer(outcome)
            case .mendListeners:
                guard await self.mend(&listeners) else {
                    return SSHError(.system, "a listener that systemd opened has failed")
                }
            case .stop:
                return nil
            }
        }
        return nil
    }

    @Sendable
    private func mendSoon() {
        Task { [commander] in
            try await Task.sleep(for: Self.mendInterval)
            commander.yield(.mendListeners)
        }
    }

    /// Opens listeners again that the system has closed.
    ///
    /// - Returns: false if that cannot be done.
    private func mend(_ listeners: inout RelayListeners) async -> Bool {
        guard !listeners.hasLostInherited else {
            self.context.logger.critical("A listener that systemd opened has failed; terminating.")
            return false
        }
        await listeners.reopenLost(self.context.rules.configuration)
        self.context.routes.doors.follow(listeners.addresses)
        if !listeners.lost.isEmpty { self.mendSoon() }
        return true
    }

    /// Lets keys that are taken away end their connections, until the task is cancelled.
    func watchFiles() async throws {
        while true {
            try await Task.sleep(for: Self.watchInterval)
            await self.rejudgement.lookForChanges()
        }
    }

    /// Says from time to time what the log does not have, until the task is cancelled.
    func reportLeftOutLines() async throws {
        while true {
            try await Task.sleep(for: Self.reportInterval)
            self.context.reportLeftOutLines(age: Self.reportAge)
        }
    }

    /// Tells who holds too much, and gives memory back after a peak, until the task is cancelled.
    private func watchMemory() async throws {
        var watch = MemoryWatch { [context] in context.logger }
        while true {
            try await Task.sleep(for: MemoryWatch.interval)
            watch.look(now: .secondsNow)
        }
    }

    private func listens(on addresses: [SocketAddress]) {
        self.context.routes.doors.follow(addresses)
        self.listening.begin(on: addresses)
    }

    private func reload(_ listeners: inout RelayListeners) async -> ReloadOutcome {
        guard let readAgain = self.readAgain else { return .holds }
        self.context.logger.info("Reading the configuration again.")
        do {
            let (configuration, logger) = try readAgain()
            let rules = try RelayRules(
                configuration: configuration,
                logger: logger,
                policy: self.policy,
                hostKeys: self.hostKeys
            )
            try await listeners.follow(configuration)
            self.listens(on: listeners.addresses)
            self.context.replaceRules(rules)
            for warning in configuration.warnings { logger.warning("\(warning)") }
        } catch {
            let reason = ErrorText.of(error)
            self.context.logger.error("Reload failed, everything stays as it was: \(reason)")
            return .failed(reason)
        }
        await self.rejudgement.judgeAgain(self.context.connections.all, asksCommands: true)
        self.context.logger.info("The new configuration holds.")
        return .holds
    }

    /// No new tunnel begins; connections without one end at once, the others when their last tunnel has, or when
    /// ShutdownGrace is over.
    private func drain() async {
        self.context.beginStopping()
        let grace = self.context.rules.configuration.shutdownGrace ?? .zero
        let deadline = ContinuousClock.now + grace
        let connections = self.context.connections.all
        let hint = ReturnPace.hint(clients: connections.count)
        var count = await connections.onEventLoops { $0.beginStopping(hint) }.count { $0 > 0 }
        if count > 0, grace > .zero {
            self.context.logger.info("Waiting up to \(grace.components.seconds) s for tunnels on \(count) connections.")
        }
        while count > 0, ContinuousClock.now < deadline, self.stops.load(ordering: .relaxed) < 2 {
            try? await Task.sleep(for: Self.drainInterval)
            count = await self.context.connections.all.onEventLoops { $0.endIfUnused() }.count { $0 > 0 }
        }
        _ = await self.context.connections.all.onEventLoops { $0.endForShutdown() }
    }
}

extension ReloadOutcome {
    /// One line for `systemctl status`.
    fileprivate var status: String {
        switch self {
        case .holds: "Serving."
        case .failed(let reason): "Reload failed, the old configuration stays: \(reason)"
        }
    }
}
