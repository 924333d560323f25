import NIOCore
import SSHWire

/// Which of several servers is tried next, and when.
///
/// One that works is stayed with. When it is lost or not reached, the others have their turn at once, and each has pauses of its own.
struct RelaySchedule {
    /// A lost server's clients do not all come to the next one in the same moment.
    private static let spread: Int64 = 500_000_000

    private struct Turn {
        var relay: SSHDestination
        var pauses: ReconnectPauses
        var next = NIODeadline.uptimeNanoseconds(0)
    }

    private let fresh: ReconnectPauses
    private var turns: [Turn]
    private var index = 0

    /// - Parameter relays: at least one.
    init(_ relays: [SSHDestination], _ pauses: ReconnectPauses) {
        self.fresh = pauses
        self.turns = relays.map { Turn(relay: $0, pauses: pauses) }
    }

    /// The one whose turn it is.
    var current: SSHDestination { self.turns[self.index].relay }

    var hasOthers: Bool { self.turns.count > 1 }

    /// The servers anew; those that are known keep their turns.
    mutating func update(_ relays: [SSHDestination]) {
        guard !relays.isEmpty else { return }
        let current = self.current.name
        let before = Dictionary(self.turns.map { ($0.relay.name, $0) }, uniquingKeysWith: { first, _ in first })
        self.turns = relays.map { relay in
            var turn = before[relay.name] ?? Turn(relay: relay, pauses: self.fresh)
            turn.relay = relay
            return turn
        }
        self.index = relays.firstIndex { $0.name == current } ?? 0
    }

    // MARK: What became of the current one; gives how long to wait for the next

    mutating func afterConnection(
        lasting time: TimeAmount,
        hint: ReconnectHint? = nil,
        now: NIODeadline,
        random: inout some RandomNumberGenerator
    ) -> TimeAmount {
        let pause = self.turns[self.index].pauses.afterConnection(
            lasting: time,
            hint: hint,
            now: now,
            random: &random
        )
        let wait = self.wait(pause, now)
        return self.hasOthers ? max(wait, .nanoseconds(.random(in: 0...Self.spread, using: &random))) : wait
    }

    mutating func afterNoAnswer(now: NIODeadline, random: inout some RandomNumberGenerator) -> TimeAmount {
        self.wait(self.turns[self.index].pauses.afterNoAnswer(now: now, random: &random), now)
    }

    mutating func afterRefusal(now: NIODeadline, random: inout some RandomNumberGenerator) -> TimeAmount {
        self.wait(self.turns[self.index].pauses.afterRefusal(random: &random), now)
    }

    /// Gives the turn to whoever can be tried soonest, beginning behind the current one.
    private mutating func wait(_ pause: TimeAmount, _ now: NIODeadline) -> TimeAmount {
        self.turns[self.index].next = now + pause
        var best = self.index
        for step in 1...self.turns.count {
            let other = (self.index + step) % self.turns.count
            if step == 1 || max(self.turns[other].next, now) < max(self.turns[best].next, now) { best = other }
        }
        self.index = best
        return max(self.turns[best].next - now, .nanoseconds(0))
    }
}
