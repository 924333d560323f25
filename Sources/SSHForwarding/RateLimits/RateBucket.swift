import NIOCore

/// A token bucket seen from its other side: what was taken is a debt that time pays off.
///
/// Who wants to send takes a piece and is told when it may leave. Nobody takes another piece before the last one has left,
/// so the pieces leave in turn, whoever they belong to: that is what makes it fair.
struct RateBucket {
    /// No timer is worth a shorter wait; what it lets through early is waited for later.
    static let shortestWait = 0.001
    /// So much of a second may be promised to those who wait: a newcomer waits no longer.
    static let promised = 1.0 / 16
    static let smallestPiece = 512.0
    static let largestPiece = 64.0 * 1024

    private let rate: Double
    private let burst: Double
    private var debt = 0.0
    private var paidAt: NIODeadline

    init(_ limit: RateLimit, now: NIODeadline) {
        self.rate = Double(limit.bytesPerSecond)
        self.burst = Double(limit.burst)
        self.paidAt = now
    }

    /// What one who sends may take at a time. It shrinks with what others were promised: equal takers come to equal pieces.
    mutating func piece(now: NIODeadline) -> Int {
        self.pay(now)
        let waiting = max(self.debt - self.burst, 0)
        let share = (self.rate * Self.promised - waiting) / 4
        return Int(min(max(share, Self.smallestPiece), Self.largestPiece))
    }

    /// Takes so many bytes.
    ///
    /// - Returns: when they may leave; `now` if at once.
    mutating func take(_ count: Int, now: NIODeadline) -> NIODeadline {
        self.pay(now)
        self.debt += Double(count)
        let wait = (self.debt - self.burst) / self.rate
        guard wait >= Self.shortestWait else { return now }
        // A day is longer than any wait, and far from what the clock could not hold.
        return now + .nanoseconds(Int64(min(wait, 86_400) * 1e9))
    }

    /// Gives back what was taken and will not leave.
    mutating func giveBack(_ count: Int) {
        self.debt = max(self.debt - Double(count), 0)
    }

    /// Nothing was taken that is not paid off.
    mutating func isFull(now: NIODeadline) -> Bool {
        self.pay(now)
        return self.debt == 0
    }

    private mutating func pay(_ now: NIODeadline) {
        // Event loops read the clock by themselves: one may be a little behind another.
        guard now > self.paidAt else { return }
        self.debt = max(self.debt - self.rate * Double((now - self.paidAt).nanoseconds) / 1e9, 0)
        self.paidAt = now
    }
}
