import NIOCore
import SSHSystem

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
        self.asker = FairThreads.Asker(address: address)
        let isolated = eventLoop.assumeIsolated()
        self.timer = isolated.scheduleTask(in: timeout) { [weak self] in
            self?.finish(.doubtful("The name of \(address) was not found in time.", isPassing: true))
        }
        let answered = NIOLoopBound(
            { [weak self] (answer: ClientNameLookup.Answer) in self?.finish(answer) },
            eventLoop: eventLoop
        )
        let isAsked = Self.threads.submit(for: self.asker, account: address) {
            let answer = lookup.look(address)
            eventLoop.execute { answered.value(answer) }
        }
        guard !isAsked else { return }
        self.finish(.doubtful("The name of \(address) is not looked up: too many others are.", isPassing: true))
    }

    /// They may hang in the resolver as long as a client's name server pleases, and nothing else hangs with them.
    private static let threads = FairThreads(
        FairThreads.Limits(threads: 32, ofSource: 4, ofAccount: 2, stuckOfSource: 4, waitingOfSource: 16)
    )

    private let asker: FairThreads.Asker

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
        Self.threads.leave(self.asker)
    }

    private func finish(_ answer: ClientNameLookup.Answer) {
        guard self.answer == nil else { return }
        self.answer = answer
        let waiting = self.waiting
        self.cancel()
        waiting?(answer)
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
