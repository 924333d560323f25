import NIOCore
import SSHSystem

/// What a connection has done away from its event loop before it is logged in: it ends with the connection.
extension ServerConnection {
    /// Longer than this, a client has been kept waiting by us.
    private static let patience = TimeAmount.seconds(1)
    /// When too much of the same source waits already.
    private static let retryInterval = TimeAmount.milliseconds(200)

    /// What it waits for, if it waits for us.
    struct Wait {
        let since: NIODeadline
        var count: Int
        /// It could not even begin to wait for its turn.
        var retry: Scheduled<Void>?
    }

    /// The client has been waiting for us: it has nothing to answer for.
    var isKeptWaiting: Bool {
        self.wait.map { $0.since + Self.patience <= .now() } ?? false
    }

    /// Does something that may wait for a file system or a name service.
    ///
    /// - Parameter completion: on the event loop; never called if the connection ends before its turn comes.
    func work<Result: Sendable>(
        on eventLoop: any EventLoop,
        _ body: @escaping @Sendable () -> Result,
        _ completion: @escaping (Result) -> Void
    ) {
        self.wait(for: self.context.loginThreads, on: eventLoop, body, completion)
    }

    /// The same, on other threads.
    func wait<Result: Sendable>(
        for threads: FairThreads,
        on eventLoop: any EventLoop,
        _ body: @escaping @Sendable () -> Result,
        _ completion: @escaping (Result) -> Void
    ) {
        self.beginWork()
        self.submit(to: threads, on: eventLoop, body) { result in
            self.endWork()
            completion(result)
        }
    }

    private func submit<Result: Sendable>(
        to threads: FairThreads,
        on eventLoop: any EventLoop,
        _ body: @escaping @Sendable () -> Result,
        _ completion: @escaping (Result) -> Void
    ) {
        let bound = NIOLoopBound(completion, eventLoop: eventLoop)
        let isTaken = threads.submit(for: self.asker, account: self.triedUserName) {
            let result = body()
            eventLoop.execute { bound.value(result) }
        }
        guard !isTaken else { return }
        self.wait?.retry = eventLoop.assumeIsolated().scheduleTask(in: Self.retryInterval) { [weak self] in
            self?.wait?.retry = nil
            self?.submit(to: threads, on: eventLoop, body, completion)
        }
    }

    func beginWork() {
        if self.wait == nil { self.wait = Wait(since: .now(), count: 0) }
        self.wait?.count += 1
    }

    func endWork() {
        self.wait?.count -= 1
        if self.wait?.count == 0 { self.wait = nil }
    }

    /// The connection has ended.
    ///
    /// - Returns: whether something was waiting for its turn, which it will not get.
    func stopWaiting() -> Bool {
        let retry = self.wait?.retry
        retry?.cancel()
        let wasWaiting = [self.context.loginThreads, CommandRunner.shared.threads].map { $0.leave(self.asker) }
        return retry != nil || wasWaiting.contains(true)
    }
}
