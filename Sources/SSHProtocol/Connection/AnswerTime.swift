import NIOCore

/// How long a peer takes for its answers: RFC 6298's smoothed time and its variation (§2), without the clock's granularity.
struct AnswerTime {
    /// An answer that took longer counts as one that took so long.
    private static let longest = TimeAmount.seconds(60)

    private var smoothed: Int64?
    private var variation: Int64 = 0

    /// What hardly any answer exceeds; nil until there has been one.
    var expected: TimeAmount? { self.smoothed.map { .nanoseconds($0 + 4 * self.variation) } }

    mutating func note(_ time: TimeAmount) {
        let time = min(max(time, .nanoseconds(0)), Self.longest).nanoseconds
        guard let smoothed = self.smoothed else {
            self.smoothed = time
            self.variation = time / 2
            return
        }
        self.variation += (abs(smoothed - time) - self.variation) / 4
        self.smoothed = smoothed + (time - smoothed) / 8
    }

    /// How long an answer is waited for: four times what is expected within the bounds, and in any case twice that, up to 30 s.
    func patience(within bounds: ClosedRange<TimeAmount>) -> TimeAmount {
        guard let expected = self.expected else { return bounds.upperBound }
        let wanted = min(max(expected * 4, bounds.lowerBound), bounds.upperBound)
        return max(wanted, min(expected * 2, .seconds(30)))
    }
}
