/// Holds back answers until those before them are there: replies leave in the order in which the requests came
/// (RFC 4254 §4), however late an answer is.
struct ReplyQueue<Reply> {
    private enum Slot {
        case awaited
        case answered(Reply)
    }

    private var slots = ShortQueue<Slot>()
    /// The number of the request in the first slot.
    private var first: UInt64 = 0

    var count: Int { self.slots.count }

    /// A request that wants a reply has come; the number names it.
    mutating func append() -> UInt64 {
        let number = self.first + UInt64(self.count)
        self.slots.append(.awaited)
        return number
    }

    /// - Returns: false if no request of that number waits.
    mutating func answer(_ number: UInt64, _ reply: Reply) -> Bool {
        guard number >= self.first, let place = Int(exactly: number - self.first), place < self.count,
            case .awaited = self.slots[place]
        else { return false }
        self.slots[place] = .answered(reply)
        return true
    }

    /// The next answer that may leave.
    mutating func next() -> Reply? {
        guard self.count > 0, case .answered(let reply) = self.slots[0] else { return nil }
        _ = self.slots.popFirst()
        self.first += 1
        return reply
    }
}
