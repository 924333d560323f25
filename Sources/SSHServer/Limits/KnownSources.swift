import DequeModule
import Synchronization

/// Sources from which somebody is logged in, or has been within the last hour.
final class KnownSources: Sendable {
    /// Seconds for which a source stays known after its last connection that was logged in.
    static let memory = 3600

    private struct State {
        /// Connections that are logged in; as many as there are connections at most.
        var present: [ClientSource: Int] = [:]
        /// When the last one ended, in seconds.
        var left: [ClientSource: Int] = [:]
        /// The same in the order of time; it may name an earlier time than the last.
        var turns = Deque<(source: ClientSource, time: Int)>()
    }

    private let state = Mutex(State())
    private let limit: Int

    /// - Parameter limit: so many sources without a connection are remembered at most; the first to have left is forgotten.
    init(limit: Int = 65_536) {
        self.limit = limit
    }

    func loggedIn(_ source: ClientSource) {
        self.state.withLock { $0.present[source, default: 0] += 1 }
    }

    /// - Parameter now: seconds on a clock that only goes forward.
    func loggedOut(_ source: ClientSource, now: Int) {
        self.state.withLock { state in
            if let count = state.present[source] { state.present[source] = count > 1 ? count - 1 : nil }
            if state.left.updateValue(now, forKey: source) != now { state.turns.append((source, now)) }
            while let first = state.turns.first,
                state.turns.count > self.limit || first.time + Self.memory < now
                    || state.left[first.source] != first.time
            {
                state.turns.removeFirst()
                if state.left[first.source] == first.time { state.left[first.source] = nil }
            }
        }
    }

    func contains(_ source: ClientSource, now: Int) -> Bool {
        self.state.withLock { state in
            if state.present[source] != nil { return true }
            guard let time = state.left[source] else { return false }
            return time + Self.memory >= now
        }
    }
}
