import NIOCore
import NIOPosix
import Synchronization

/// One client's name being looked up, away from its event loop and for a bounded time.
///
/// Everything but the look-up itself happens on the connection's event loop.
final class ClientNameRequest {
    /// How long a login waits for a name.
    static let timeout = TimeAmount.seconds(5)

    private var answer: ClientNameLookup.Answer?
    private var waiting: ((ClientNameLookup.Answer) -> Void)?
    private var timer: Scheduled<Void>?

    /// Must be called on the event loop.
    init(
        _ address: String,
        lookup: ClientNameLookup = .system,
        timeout: TimeAmount = ClientNameRequest.timeout,
        on eventLoop: any EventLoop
    ) {
        let isolated = eventLoop.assumeIsolated()
        self.timer = isolated.scheduleTask(in: timeout) { [weak self] in
            self?.finish(.doubtful("The name of \(address) was not found in time.", isPassing: true))
        }
        guard let asked = NameThreads.run(on: eventLoop, { lookup.look(address) }) else {
            self.finish(.doubtful("The name of \(address) is not looked up: too many others are.", isPassing: true))
            return
        }
        asked.assumeIsolated().whenComplete { [weak self] result in
            self?.finish((try? result.get()) ?? .unnamed)
        }
    }

    /// Calls back once, now or later.
    func whenAnswered(_ callback: @escaping (ClientNameLookup.Answer) -> Void) {
        guard let answer = self.answer else { return self.waiting = callback }
        callback(answer)
    }

    /// Nobody waits any more.
    func cancel() {
        self.timer?.cancel()
        self.timer = nil
        self.waiting = nil
    }

    private func finish(_ answer: ClientNameLookup.Answer) {
        guard self.answer == nil else { return }
        self.answer = answer
        let waiting = self.waiting
        self.cancel()
        waiting?(answer)
    }
}

/// Threads that may hang in the resolver as long as a client's name server pleases, so that nothing else hangs with them.
private enum NameThreads {
    /// Look-ups that run or wait for a thread.
    private static let limit = 64
    private static let count = Atomic<Int>(0)

    private static let pool: NIOThreadPool = {
        let pool = NIOThreadPool(numberOfThreads: 8)
        pool.start()
        return pool
    }()

    /// - Returns: nil if there are too many already.
    static func run<Result: Sendable>(
        on eventLoop: any EventLoop,
        _ body: @escaping @Sendable () -> Result
    ) -> EventLoopFuture<Result>? {
        guard Self.count.wrappingAdd(1, ordering: .relaxed).newValue <= Self.limit else {
            Self.count.wrappingSubtract(1, ordering: .relaxed)
            return nil
        }
        return Self.pool.runIfActive(eventLoop: eventLoop) {
            defer { Self.count.wrappingSubtract(1, ordering: .relaxed) }
            return body()
        }
    }
}

extension ConnectionFacts {
    /// The client's name was asked for. Whether it has one stays unknown where nobody answered: no rule on names opens by that.
    mutating func learn(_ answer: ClientNameLookup.Answer) {
        switch answer {
        case .confirmed(let name):
            self.host = name
            self.missing.remove(.host)
        case .unnamed, .doubtful(_, isPassing: false): self.missing.remove(.host)
        case .doubtful(_, isPassing: true): break
        }
    }
}
