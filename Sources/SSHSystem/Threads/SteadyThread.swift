import Synchronization

/// Does something for each of many, one after the other, on a thread of its own. Where it hangs for one of them, as behind a file
/// server that is gone, another thread goes on with the others, and what hangs is left out until it has come back.
package final class SteadyThread: Sendable {
    /// Where a thread hangs.
    private let hanging = Mutex<Set<String>>([])
    private let threads = SpareThreads()
    private let mostHanging: Int
    private let patience: Duration

    /// - Parameters:
    ///   - mostHanging: if so many threads hang, no more is begun.
    ///   - patience: what takes longer hangs.
    package init(mostHanging: Int = 32, patience: Duration = .milliseconds(500)) {
        self.mostHanging = mostHanging
        self.patience = patience
    }

    /// - Parameters:
    ///   - place: equal for those that hang together.
    ///   - body: may hang.
    /// - Returns: nil for those that were left out.
    package func map<Item: Sendable, Result: Sendable>(
        _ items: [Item],
        place: @escaping @Sendable (Item) -> String,
        _ body: @escaping @Sendable (Item) -> Result
    ) async -> [Result?] {
        guard !items.isEmpty else { return [] }
        let round = Round<Result>(count: items.count)
        var pause = Duration.microseconds(200)
        self.start(round, items, place, body)
        while !round.isDone, !Task.isCancelled {
            try? await Task.sleep(for: pause)
            pause = min(pause * 2, .milliseconds(50))
            guard let hangsAt = round.abandon(after: self.patience) else { continue }
            let count = self.hanging.withLock { hanging in
                hanging.insert(place(items[hangsAt]))
                return hanging.count
            }
            // It may have come back meanwhile.
            if round.isLate(hangsAt) { self.isBack(place(items[hangsAt])) }
            guard count < self.mostHanging else { break }
            self.start(round, items, place, body)
        }
        return round.results
    }

    private func isBack(_ place: String) {
        self.hanging.withLock { _ = $0.remove(place) }
    }

    private func start<Item: Sendable, Result: Sendable>(
        _ round: Round<Result>,
        _ items: [Item],
        _ place: @escaping @Sendable (Item) -> String,
        _ body: @escaping @Sendable (Item) -> Result
    ) {
        let worker = round.beginWorking()
        self.threads.run {
            while let index = round.next(worker) {
                let itsPlace = place(items[index])
                guard !self.hanging.withLock({ $0.contains(itsPlace) }) else { continue }
                guard round.finish(index, worker, body(items[index])) else { return self.isBack(itsPlace) }
            }
        }
    }
}

/// How far one round is.
private final class Round<Result: Sendable>: Sendable {
    private struct State {
        var results: [Result?]
        var next = 0
        /// Who works on it; those before hang, or come back late.
        var worker = 0
        var current: (index: Int, since: ContinuousClock.Instant)?
        var late: Set<Int> = []
        var isDone = false
    }

    private let state: Mutex<State>

    init(count: Int) {
        self.state = Mutex(State(results: Array(repeating: nil, count: count)))
    }

    var isDone: Bool { self.state.withLock { $0.isDone } }

    var results: [Result?] { self.state.withLock { $0.results } }

    func beginWorking() -> Int {
        self.state.withLock { state in
            state.worker += 1
            return state.worker
        }
    }

    /// - Returns: nil if there is nothing more to do for the worker.
    func next(_ worker: Int) -> Int? {
        self.state.withLock { state in
            guard worker == state.worker else { return nil }
            guard state.next < state.results.count else {
                state.current = nil
                state.isDone = true
                return nil
            }
            state.current = (state.next, .now)
            state.next += 1
            return state.next - 1
        }
    }

    /// - Returns: false if it took so long that somebody else goes on.
    func finish(_ index: Int, _ worker: Int, _ result: Result) -> Bool {
        self.state.withLock { state in
            guard worker == state.worker else {
                state.late.insert(index)
                return false
            }
            state.results[index] = result
            return true
        }
    }

    /// - Returns: what hangs, if something does; its worker is not waited for any more.
    func abandon(after patience: Duration) -> Int? {
        self.state.withLock { state in
            guard let current = state.current, ContinuousClock.now - current.since > patience else { return nil }
            state.worker += 1
            state.current = nil
            return current.index
        }
    }

    func isLate(_ index: Int) -> Bool { self.state.withLock { $0.late.contains(index) } }
}
