import Glibc
import NIOCore
import NIOPosix
import SSHForwarding
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
        case signal(Int32)
    }

    /// - Returns: the exit status.
    /// - Throws: what failed, in a line for the user.
    func run() async throws -> Int32 {
        raiseDescriptorLimit()
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let eventLoop = group.next()
        let ending = eventLoop.makePromise(of: Ending.self)
        let signals = EndSignals { ending.succeed(.signal($0)) }
        defer { signals.cancel() }
        let chain = ConnectionChain(
            environment: self.environment,
            log: self.log,
            eventLoop: eventLoop,
            onEnd: { ending.fail($0) }
        )
        Task {
            do {
                if let status = try await self.forward(chain, eventLoop) { ending.succeed(.finished(status)) }
            } catch {
                ending.fail(error)
            }
        }
        let result = await ending.futureResult.asResult()
        await chain.close()
        self.log.tellOmitted()
        switch try result.get() {
        case .finished(let status): return status
        case .signal(let number):
            // ssh takes care of signals once it is logged in.
            if await !chain.isLoggedIn { EndSignals.die(of: number) }
            // Who asks for no session is told by its end that it was meant to end.
            if number == SIGTERM, self.configuration.sessionType == .none { return 0 }
            self.log.verbose("Killed by signal \(number).")
            return ClientProgram.failure
        }
    }

    /// - Returns: the exit status, or nil if the connection's end will be the program's.
    private func forward(_ chain: ConnectionChain, _ eventLoop: any EventLoop) async throws -> Int32? {
        let connection = try await chain.connect(self.configuration, self.line)
        let ready = eventLoop.flatSubmit { connection.value.startForwards() }
        try await ready.get()
        try Background.detach(keepingStandardError: self.log.isOnStandardError && self.log.level >= .debug1)
        guard let target = self.configuration.standardInputForward else { return nil }
        let streams = try StandardStreams(on: eventLoop)
        let inputIsNull = self.configuration.standardInputIsNull
        let done = eventLoop.flatSubmit {
            streams.channel().flatMap { socket in
                let tunnelEnd = connection.value.join(socket, to: target)
                return streams.start(inputIsNull: inputIsNull).and(tunnelEnd).map { _ in }
            }
        }
        try await done.get()
        return 0
    }
}

extension EventLoopFuture where Value: Sendable {
    fileprivate func asResult() async -> Result<Value, any Error> {
        do { return .success(try await self.get()) } catch { return .failure(error) }
    }
}

/// Each tunnel holds a descriptor, so the usual soft limit of 1,024 would be the client's.
private func raiseDescriptorLimit() {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
    limit.rlim_cur = limit.rlim_max
    _ = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
}
