/// How many lines somebody may cause: some at once, then one a second. What is left out is counted.
public struct LineBudget: Sendable {
    public static let atOnce = 100

    private var left = Self.atOnce
    /// In seconds, on a clock that only goes forward.
    private var lastRefill: Int
    private var omitted = 0

    public init(now: Int) {
        self.lastRefill = now
    }

    /// - Returns: whether a line may be written.
    public mutating func take(now: Int) -> Bool {
        let gained = min(max(now - self.lastRefill, 0), Self.atOnce)
        self.left = min(self.left + gained, Self.atOnce)
        self.lastRefill = now
        guard self.left > 0 else {
            self.omitted += 1
            return false
        }
        self.left -= 1
        return true
    }

    /// How many lines were left out since this was asked last.
    public mutating func takeOmitted() -> Int {
        defer { self.omitted = 0 }
        return self.omitted
    }
}
