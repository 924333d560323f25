import NIOCore
import Synchronization

/// Passes each doubt about the way to a server to whoever waits for one now.
final class PathDoubts: Sendable {
    private struct Listeners {
        var next = 0
        var byNumber: [Int: AsyncStream<PathDoubt>.Continuation] = [:]
    }

    private let listeners = Mutex(Listeners())

    /// What happens from now on; of several doubts that nobody has taken yet, the last one.
    func stream() -> AsyncStream<PathDoubt> {
        let (stream, continuation) = AsyncStream.makeStream(of: PathDoubt.self, bufferingPolicy: .bufferingNewest(1))
        let number = self.listeners.withLock { listeners in
            listeners.next += 1
            listeners.byNumber[listeners.next] = continuation
            return listeners.next
        }
        continuation.onTermination = { [weak self] _ in
            self?.listeners.withLock { _ = $0.byNumber.removeValue(forKey: number) }
        }
        return stream
    }

    func tell(_ doubt: PathDoubt) {
        for listener in self.listeners.withLock({ Array($0.byNumber.values) }) { listener.yield(doubt) }
    }

    /// Sleeps, but not on when something has changed: the server may be there again.
    ///
    /// Where something changes all the time, as on a machine that starts containers, it still sleeps half a second.
    func sleep(_ time: TimeAmount) async throws {
        let stream = self.stream()
        try await withThrowingTaskGroup(of: Void.self) { group in
            defer { group.cancelAll() }
            group.addTask { try await Task.sleep(for: .nanoseconds(time.nanoseconds)) }
            group.addTask {
                for await _ in stream { break }
                // What has just come up may need a moment, and others hear of it at the same time.
                try await Task.sleep(for: .milliseconds(.random(in: 500...1000)))
            }
            try await group.next()
        }
    }
}
