import NIOCore
import SSHSystem

/// What a connection has others do for it, away from its event loop: it ends with the connection.
final class AwaitedWork {
    /// Longer than this, a client has been kept waiting by us.
    private static let patience = TimeAmount.seconds(1)
    /// When too much of the same source waits already.
    private static let retryInterval = TimeAmount.milliseconds(200)

    /// What it waits for, if it waits for us.
    private struct Wait {
        let since: NIODeadline
        var count: Int
        /// It could not even begin to wait for its turn.
        var retry: Scheduled<Void>?
    }

    let asker: FairThreads.Asker
    private let threads: FairThreads
    private var wait: Wait?

    /// - Parameter threads: for what may wait for a file system or a name service.
    init(for address: String, threads: FairThreads) {
        self.asker = FairThreads.Asker(address: address)
        self.threads = threads
    }

    /// The client has been waiting for us: it has nothing to answer for.
    var isKeptWaiting: Bool {
        self.wait.map { $0.since + Self.patience <= .now() } ?? false
    }

    /// Does something that may wait for a file system or a name service.
    ///
    /// - Parameters:
    ///   - account: about whom it is, or for whom.
    ///   - completion: on the event loop; never called if the connection ends before its turn comes.
    func run<Result: Sendable>(
        for account: String,
        on eventLoop: any EventLoop,
        _ body: @escaping @Sendable () -> Result,
        _ completion: @escaping (Result) -> Void
    ) {
        self.run(for: account, by: self.threads, on: eventLoop, body, completion)
    }

    /// The same, on other threads.
    func run<Result: Sendable>(
        for account: String,
        by threads: FairThreads,
        on eventLoop: any EventLoop,
        _ body: @escaping @Sendable () -> Result,
        _ completion: @escaping (Result) -> Void
    ) {
        self.begin()
        self.submit(for: account, to: threads, on: eventLoop, body) { result in
            self.end()
            completion(result)
        }
    }

    private func submit<Result: Sendable>(
        for account: String,
        to threads: FairThreads,
        on eventLoop: any EventLoop,
        _ body: @escaping @Sendable () -> Result,
        _ completion: @escaping (Result) -> Void
    ) {
        let bound = NIOLoopBound(completion, eventLoop: eventLoop)
        let isTaken = threads.submit(for: self.asker, account: account) {
            let result = body()
            eventLoop.execute { bound.value(result) }
        }
        guard !isTaken else { return }
        self.wait?.retry = eventLoop.assumeIsolated().scheduleTask(in: Self.retryInterval) { [weak self] in
            self?.wait?.retry = nil
            self?.submit(for: account, to: threads, on: eventLoop, body, completion)
        }
    }

    /// It waits for something more.
    func begin() {
        if self.wait == nil { self.wait = Wait(since: .now(), count: 0) }
        self.wait?.count += 1
    }

    /// One thing less that it waits for.
    func end() {
        self.wait?.count -= 1
        if self.wait?.count == 0 { self.wait = nil }
    }

    /// The connection has ended.
    ///
    /// - Returns: whether something was waiting for its turn, which it will not get.
    @discardableResult
    func stop() -> Bool {
        let retry = self.wait?.retry
        retry?.cancel()
        let wasWaiting = [self.threads, CommandRunner.shared.threads].map { $0.leave(self.asker) }
        return retry != nil || wasWaiting.contains(true)
    }
}
