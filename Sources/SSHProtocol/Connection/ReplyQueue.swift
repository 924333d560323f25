import DequeModule

/// Holds back answers until those before them are there: replies leave in the order in which the requests came
/// (RFC 4254 §4), however late an answer is.
struct ReplyQueue<Reply> {
    private var slots = Deque<Reply?>()
    /// The number of the request in the first slot.
    private var first: UInt64 = 0

    var count: Int { self.slots.count }

    /// A request that wants a reply has come; the number names it.
    mutating func append() -> UInt64 {
        self.slots.append(nil)
        return self.first + UInt64(self.slots.count - 1)
    }

    /// - Returns: false if no request of that number waits.
    mutating func answer(_ number: UInt64, _ reply: Reply) -> Bool {
        guard number >= self.first, let index = Int(exactly: number - self.first), index < self.slots.count,
            case nil = self.slots[index]
        else { return false }
        self.slots[index] = reply
        return true
    }

    /// The next answer that may leave.
    mutating func next() -> Reply? {
        guard let head = self.slots.first, let reply = head else { return nil }
        self.slots.removeFirst()
        self.first += 1
        if self.slots.isEmpty { self.slots = Deque() }
        return reply
    }
}
