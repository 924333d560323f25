import Glibc
import NIOCore
import NIOPosix
import SSHClient
import SSHForwarding
import SSHSystem
import SSHWire

/// One run of the program: connects, forwards, and waits for the end.
struct Client: Sendable {
    let line: ClientCommandLine
    let environment: LocalEnvironment
    let configuration: ClientConfiguration
    let log: ClientLog

    /// Why the program ends.
    private enum Ending: Sendable {
        case finished(Int32)
        case signal(Int32, isLoggedIn: Bool)
    }

    /// - Returns: the exit status.
    /// - Throws: what failed, in lines for the user.
    func run() async throws -> Int32 {
        DescriptorLimit.raise()
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let eventLoop = group.next()
        let signal = eventLoop.makePromise(of: Int32.self)
        defer { signal.fail(CancellationError()) }
        let signals = EndSignals { signal.succeed($0) }
        defer { signals.cancel() }
        let ending: Ending
        do {
            ending = try await self.serve(eventLoop, signal.futureResult)
        } catch {
            self.log.tellOmitted()
            throw error
        }
        self.log.tellOmitted()
        switch ending {
        case .finished(let status): return status
        case .signal(let number, let isLoggedIn):
            // ssh takes care of signals once it is logged in.
            if !isLoggedIn { EndSignals.die(of: number) }
            // Who asks for no session is told by its end that it was meant to end.
            if number == SIGTERM, self.configuration.sessionType == .none { return 0 }
            self.log.verbose("Killed by signal \(number).")
            return ClientProgram.failure
        }
    }

    private func serve(_ eventLoop: any EventLoop, _ signal: EventLoopFuture<Int32>) async throws -> Ending {
        guard !self.configuration.reconnect else {
            let client = ReconnectingClient(
                line: self.line,
                environment: self.environment,
                configuration: self.configuration,
                log: self.log
            )
            return .signal(try await client.run(eventLoop, signal), isLoggedIn: true)
        }
        // Commands of the configuration may take their time, and a signal does not wait for them.
        let prepared = eventLoop.makePromise(of: ConfiguredRelays.self)
        prepared.completeWithTask {
            let directory = RelayDirectory(self.configuration.relayNames)
            return try await ConfiguredRelays(
                self.configuration,
                self.line,
                self.environment,
                self.log,
                directory
            )
        }
        signal.whenSuccess { _ in prepared.fail(CancellationError()) }
        do {
            let relays = try await prepared.futureResult.get()
            let (target, connection) = try await self.connect(relays.targets, eventLoop, signal)
            do {
                return try await self.serve(connection, eventLoop, signal)
            } catch {
                throw self.explained(error, target)
            }
        } catch is CancellationError {
            return .signal(try await signal.get(), isLoggedIn: false)
        }
    }

    /// How long one of several servers may keep silent before the next is tried.
    private static let dialTimeout = TimeAmount.seconds(3)

    /// To the first of them that is there.
    private func connect(
        _ targets: [ConfiguredDestination],
        _ eventLoop: any EventLoop,
        _ signal: EventLoopFuture<Int32>
    ) async throws -> (ConfiguredDestination, SSHConnection) {
        var left = targets[...]
        while let target = left.popFirst() {
            var destination = target.destination
            if !left.isEmpty, destination.options.connectTimeout == nil {
                destination.options.dialTimeout = Self.dialTimeout
            }
            let connecting = Task { [destination] in try await SSHConnection.connect(to: destination, on: eventLoop) }
            signal.whenSuccess { _ in connecting.cancel() }
            do {
                return (target, try await connecting.value)
            } catch let failure as ConnectionFailure where failure.stage <= .identifying && !left.isEmpty {
                let place = failure.stage == .connecting ? "" : "\(target.lines.name): "
                self.log.info("\(place)\(SystemReason.of(failure)): trying the next host.")
            } catch {
                throw self.explained(error, target)
            }
        }
        throw SSHError(.invalidConfiguration, "HostName names no host")
    }

    private func serve(
        _ connection: SSHConnection,
        _ eventLoop: any EventLoop,
        _ signal: EventLoopFuture<Int32>
    ) async throws -> Ending {
        let ended = eventLoop.makePromise(of: Ending.self)
        signal.whenSuccess { ended.succeed(.signal($0, isLoggedIn: true)) }
        let waiting = Task {
            do { try await connection.waitForEnd() } catch { ended.fail(error) }
        }
        defer { waiting.cancel() }
        Task {
            do {
                if let status = try await self.forward(connection) { ended.succeed(.finished(status)) }
            } catch {
                ended.fail(error)
            }
        }
        do {
            let ending = try await ended.futureResult.get()
            await connection.close()
            return ending
        } catch {
            await connection.close()
            throw error
        }
    }

    /// - Returns: the exit status, or nil if the connection's end will be the program's.
    private func forward(_ connection: SSHConnection) async throws -> Int32? {
        // Without the right host, nothing is forwarded but what standard input is for.
        let requests = connection.mayForward ? self.configuration.forwardRequests : []
        try await connection.forward(requests, options: ForwardOptions(self.configuration))
        try Background.detach(keepingStandardError: self.log.isOnStandardError && self.log.level >= .debug1)
        guard let target = self.configuration.standardInputForward else { return nil }
        let streams = try StandardStreams(on: connection.eventLoop)
        let inputIsNull = self.configuration.standardInputIsNull
        let done = connection.eventLoop.flatSubmit {
            streams.channel().flatMap { socket in
                let tunnelEnd = connection.join(socket, to: target)
                return streams.start(inputIsNull: inputIsNull).and(tunnelEnd).map { _ in }
            }
        }
        try await done.get()
        return 0
    }

    /// In words for the user.
    private func explained(_ error: any Error, _ target: ConfiguredDestination) -> any Error {
        switch error {
        case let failure as ConnectionFailure:
            return target.failure(failure)
        case let failure as ForwardFailure:
            return SSHError(.forwardingFailed, target.lines.failure(of: failure.request, failure.cause))
        case let refusal as TunnelRefusal:
            let place = self.configuration.standardInputForward.map { "\($0)" } ?? ""
            return SSHError(
                .forwardingFailed,
                "\(target.lines.name) refused to connect to \(place): \(refusal.sentence)"
            )
        default:
            return error
        }
    }
}
