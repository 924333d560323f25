import DequeModule

/// Holds back answers until those before them are there: replies leave in the order in which the requests came
/// (RFC 4254 §4), however late an answer is.
struct ReplyQueue<Reply> {
    private enum Slot {
        case awaited
        case answered(Reply)
    }

    /// The oldest request. It is mostly the only one, and needs no memory of its own.
    private var head: Slot?
    private var others = Deque<Slot>()
    /// The number of the oldest request.
    private var first: UInt64 = 0

    var count: Int { self.head == nil ? 0 : 1 + self.others.count }

    /// A request that wants a reply has come; the number names it.
    mutating func append() -> UInt64 {
        let number = self.first + UInt64(self.count)
        if self.head == nil { self.head = .awaited } else { self.others.append(.awaited) }
        return number
    }

    /// - Returns: false if no request of that number waits.
    mutating func answer(_ number: UInt64, _ reply: Reply) -> Bool {
        guard number >= self.first, let place = Int(exactly: number - self.first), place < self.count else {
            return false
        }
        if place == 0 {
            guard case .awaited = self.head else { return false }
            self.head = .answered(reply)
        } else {
            guard case .awaited = self.others[place - 1] else { return false }
            self.others[place - 1] = .answered(reply)
        }
        return true
    }

    /// The next answer that may leave.
    mutating func next() -> Reply? {
        guard case .answered(let reply) = self.head else { return nil }
        self.head = self.others.popFirst()
        self.first += 1
        if self.others.isEmpty { self.others = Deque() }
        return reply
    }
}
