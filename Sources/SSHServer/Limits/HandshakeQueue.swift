import DequeModule

/// Who may begin a handshake when more want to than the processor can do at once: one from each source in turn, sources in which
/// somebody is known three times as often as all others.
struct HandshakeQueue {
    /// What the cores do in this time may be under way at once, so that those who began are done before clients lose patience,
    /// and clients that are far away do not keep the others waiting.
    private static let secondsUnderWay = 1.5
    /// Beginnings are handed out this much faster than they can be done: then it is the processor that says how fast it goes.
    private static let pace = 1.25
    /// How much of that may be handed out at once. All else that an event loop does waits for it.
    private static let secondsAtOnce = 0.02

    /// Seconds of a core for one handshake and login, as measured lately.
    private(set) var cost = 0.001
    private let cores: Double
    private var underWay: Set<UInt64> = []
    private var waiting: Set<UInt64> = []
    private var known = Ring()
    private var strangers = Ring()
    private var turn = 0
    private var permits = 0.0
    private var lastRefill: Double?

    init(cores: Int) {
        self.cores = Double(max(cores, 1))
    }

    var waitingCount: Int { self.waiting.count }
    var underWayCount: Int { self.underWay.count }
    /// So many may be under way.
    var places: Int { Int(self.cores * Self.secondsUnderWay / self.cost) }

    /// - Parameter now: seconds on a clock that only goes forward.
    /// - Returns: whether the connection may begin now; if not, `next` will name it.
    mutating func ask(_ id: UInt64, of source: ClientSource, isKnown: Bool, now: Double) -> Bool {
        if self.waiting.isEmpty, self.take(now: now) {
            self.underWay.insert(id)
            return true
        }
        guard self.waiting.insert(id).inserted else { return false }
        if isKnown { self.known.append(id, of: source) } else { self.strangers.append(id, of: source) }
        return false
    }

    /// The next one that may begin now, if there is one.
    mutating func next(now: Double) -> UInt64? {
        guard !self.waiting.isEmpty, self.take(now: now) else { return nil }
        while !self.waiting.isEmpty {
            self.turn += 1
            let id =
                self.turn % 4 == 0
                ? self.strangers.popFirst() ?? self.known.popFirst()
                : self.known.popFirst() ?? self.strangers.popFirst()
            guard let id else { break }
            // Who is gone is passed over.
            guard self.waiting.remove(id) != nil else { continue }
            self.underWay.insert(id)
            return id
        }
        return nil
    }

    /// The connection has logged in or is gone, or stands still: its place is free.
    mutating func leave(_ id: UInt64) {
        if self.underWay.remove(id) == nil { self.waiting.remove(id) }
        guard self.waiting.isEmpty else { return }
        (self.known, self.strangers) = (Ring(), Ring())
    }

    /// A handshake and a login took so many seconds of a core.
    mutating func measured(_ seconds: Double) {
        // One that was interrupted for long says little about the others.
        let seconds = min(max(seconds, 0), 4 * self.cost)
        self.cost = min(max(self.cost + (seconds - self.cost) / 16, 0.000_05), 0.05)
    }

    private mutating func take(now: Double) -> Bool {
        let most = max(8 * self.cores, self.cores * Self.secondsAtOnce / self.cost)
        let gained = max(now - (self.lastRefill ?? 0), 0) * self.cores * Self.pace / self.cost
        self.permits = self.lastRefill == nil ? most : min(self.permits + gained, most)
        self.lastRefill = now
        guard self.permits >= 1, self.underWay.count < self.places else { return false }
        self.permits -= 1
        return true
    }

    /// Sources in turn, and the connections of each in the order in which they came.
    private struct Ring {
        private var order = Deque<ClientSource>()
        private var lines: [ClientSource: Deque<UInt64>] = [:]

        mutating func append(_ id: UInt64, of source: ClientSource) {
            if self.lines[source] == nil { self.order.append(source) }
            self.lines[source, default: []].append(id)
        }

        mutating func popFirst() -> UInt64? {
            guard let source = self.order.popFirst(), let id = self.lines[source]?.popFirst() else { return nil }
            if self.lines[source]?.isEmpty == false {
                self.order.append(source)
            } else {
                self.lines[source] = nil
            }
            return id
        }
    }
}
