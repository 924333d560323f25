import HeapModule
import SSHConfiguration

/// The penalties of one address family, found by source and forgotten in the order in which they end.
struct PenaltyTable {
    struct Penalty {
        /// Seconds on the relay's own clock.
        var end: Int
        var counts = false
        var offence: SourcePenalties.Offence
    }

    /// One for each source; it may name an earlier end than the penalty has by now, and is then put back.
    private struct Turn: Comparable {
        let end: Int
        let source: IPAddress

        static func < (left: Self, right: Self) -> Bool { left.end < right.end }
    }

    private var penalties: [IPAddress: Penalty] = [:]
    private var turns = Heap<Turn>()

    var count: Int { self.penalties.count }

    subscript(source: IPAddress) -> Penalty? { self.penalties[source] }

    /// - Parameter limit: so many sources are remembered at most.
    mutating func set(_ penalty: Penalty, for source: IPAddress, limit: Int) {
        if self.penalties.updateValue(penalty, forKey: source) == nil {
            self.turns.insert(Turn(end: penalty.end, source: source))
        }
        while self.count > limit, let turn = self.turns.popMin() { self.settle(turn) }
    }

    mutating func forget(endedBy now: Int) {
        while let turn = self.turns.min, turn.end <= now {
            self.turns.removeMin()
            self.settle(turn)
        }
    }

    /// Forgets the penalty whose turn it is, unless it has been made longer: then its turn is later.
    private mutating func settle(_ turn: Turn) {
        guard let penalty = self.penalties[turn.source] else { return }
        if penalty.end > turn.end {
            self.turns.insert(Turn(end: penalty.end, source: turn.source))
        } else {
            self.penalties[turn.source] = nil
        }
    }
}
