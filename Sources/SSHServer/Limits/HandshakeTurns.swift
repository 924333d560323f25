import NIOCore
import Synchronization

/// The handshakes of all connections of one relay.
final class HandshakeTurns: Sendable {
    enum Answer {
        case now
        /// Later. Who hears `mustGiveTurns` sees to it that turns are given, for all others, too.
        case later(mustGiveTurns: Bool)
    }

    private struct State {
        var queue: HandshakeQueue
        /// Somebody comes again to give turns.
        var isBeingServed = false
    }

    private let state: Mutex<State>

    init(cores: Int) {
        self.state = Mutex(State(queue: HandshakeQueue(cores: cores)))
    }

    func ask(_ id: UInt64, of source: ClientSource, isKnown: Bool, now: NIODeadline) -> Answer {
        self.state.withLock { state in
            if state.queue.ask(id, of: source, isKnown: isKnown, now: now.seconds) { return .now }
            defer { state.isBeingServed = true }
            return .later(mustGiveTurns: !state.isBeingServed)
        }
    }

    /// - Returns: whose turn has come, and whether others go on waiting.
    func give(now: NIODeadline) -> (turns: [UInt64], goesOn: Bool) {
        self.state.withLock { state in
            var turns: [UInt64] = []
            while let id = state.queue.next(now: now.seconds) { turns.append(id) }
            state.isBeingServed = state.queue.waitingCount > 0
            return (turns, state.isBeingServed)
        }
    }

    func leave(_ id: UInt64) {
        self.state.withLock { $0.queue.leave(id) }
    }

    func measured(_ time: TimeAmount) {
        self.state.withLock { $0.queue.measured(Double(time.nanoseconds) / 1e9) }
    }
}

extension NIODeadline {
    fileprivate var seconds: Double { Double(self.uptimeNanoseconds) / 1e9 }
}
