/// How many lines somebody may cause: some at once, then some a second. What is left out is counted.
public struct LineBudget: Sendable {
    public static let atOnce = 100

    private let atOnce: Int
    private let perSecond: Int
    private var left: Int
    /// In seconds, on a clock that only goes forward.
    private var lastRefill: Int
    private var omitted = 0

    public init(now: Int, atOnce: Int = Self.atOnce, perSecond: Int = 1) {
        self.atOnce = atOnce
        self.perSecond = perSecond
        self.left = atOnce
        self.lastRefill = now
    }

    /// - Returns: whether a line may be written.
    public mutating func take(now: Int) -> Bool {
        self.refill(now: now)
        guard self.left > 0 else {
            self.omitted += 1
            return false
        }
        self.left -= 1
        return true
    }

    private mutating func refill(now: Int) {
        let seconds = min(max(now - self.lastRefill, 0), self.atOnce)
        self.left = min(self.left + seconds * self.perSecond, self.atOnce)
        self.lastRefill = now
    }

    /// Whether it is as a new one: nothing is known that would have to be kept.
    public mutating func isFull(now: Int) -> Bool {
        self.refill(now: now)
        return self.left == self.atOnce && self.omitted == 0
    }

    /// How many lines were left out since this was asked last.
    public mutating func takeOmitted() -> Int {
        defer { self.omitted = 0 }
        return self.omitted
    }
}
