import NIOCore
import SSHClient
import SSHForwarding
import SSHSystem
import SSHWire

/// The program with `Reconnect yes`: forwards that come back, until a signal ends it.
struct ReconnectingClient: Sendable {
    let line: ClientCommandLine
    let environment: LocalEnvironment
    let configuration: ClientConfiguration
    let log: ClientLog

    /// - Parameter signal: what ends the program.
    /// - Returns: the signal.
    /// - Throws: what is wrong from the beginning, in words for the user.
    func run(_ eventLoop: any EventLoop, _ signal: EventLoopFuture<Int32>) async throws -> Int32 {
        let lines = ReconnectLines(self.configuration, self.log)
        var options = ReconnectOptions()
        options.hold = .seconds(Int64(self.configuration.reconnectHold))
        let keepsStandardError = self.log.isOnStandardError && self.log.level >= .debug1
        options.relayMode = self.configuration.relayMode
        let status = StatusKeeper(self.configuration, notifier: ServiceNotifier(environment: self.environment.variable))
        options.onConnection = status.use
        options.onEvent = { event, relay in
            lines.tell(event, relay)
            status.tell(event, relay) { lines.cause($0, relay) }
            guard case .connected = event else { return }
            // Once is enough; the parent is not there for the second one.
            do { try Background.detach(keepingStandardError: keepsStandardError) } catch { lines.tell(error) }
        }
        let directory = RelayDirectory(self.configuration.relayNames)
        let forwards = ReconnectingForwards(
            self.configuration.forwardRequests,
            forwardOptions: ForwardOptions(self.configuration),
            options: options,
            on: eventLoop
        ) {
            let relays = try await self.relays(directory)
            lines.use(relays)
            status.follow(relays.destinations.map(\.name))
            return relays.destinations
        }
        let socket = await self.openSocket(eventLoop, status)
        let proving = Task { await status.keepAlive(eventLoop) }
        defer { proving.cancel() }
        let running = Task { try await forwards.run() }
        signal.whenSuccess { _ in
            status.stopping()
            running.cancel()
        }
        let result = await running.result
        await socket?.close()
        do {
            try result.get()
        } catch is CancellationError {
        } catch let failure as ForwardFailure {
            throw SSHError(.forwardingFailed, lines.failure(failure))
        }
        return try await signal.get()
    }

    /// A name server that is away, as when the machine has just started, ends nothing.
    private func relays(_ directory: RelayDirectory) async throws -> ConfiguredRelays {
        var pause = 1
        while true {
            do {
                return try await ConfiguredRelays(
                    self.configuration,
                    self.line,
                    self.environment,
                    self.log,
                    directory
                )
            } catch let error as SSHError where error.code == .connectionLost {
                if pause == 1 { self.log.info("\(error.reason): trying again until it answers.") }
                try await Task.sleep(for: .seconds(pause))
                pause = min(pause * 2, 30)
            }
        }
    }

    /// Where `--status` asks. Without it, the forwards do their work all the same.
    private func openSocket(_ eventLoop: any EventLoop, _ status: StatusKeeper) async -> StatusSocket? {
        do {
            return try await StatusSocket.open(
                in: try StatusFolder.own(self.environment),
                host: self.configuration.originalHost,
                on: eventLoop
            ) { StatusAnswer(await status.current()).text }
        } catch {
            self.log.debug("nobody can ask for the status: \(SystemReason.of(error))")
            return nil
        }
    }
}
