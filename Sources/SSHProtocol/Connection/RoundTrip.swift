import NIOCore

/// How long the way to the peer and back is: the least time that an answer to a keepalive took.
///
/// Only a connection that receives data asks. The least counts, for an answer behind data that is under way takes longer.
struct RoundTrip {
    /// Data between two questions: few bytes are no reason to ask.
    private static let bytesBetween = 64 * 1024
    /// The first questions follow each other; later ones wait.
    private static let eagerAnswers = 4
    private static let patience = TimeAmount.seconds(1)

    /// Nil until the peer has answered.
    private(set) var least: TimeAmount?
    private var bytes = 0
    private var answers = 0
    private var lastAsked: NIODeadline?
    private var isAwaited = false

    /// So much has been delivered.
    ///
    /// - Returns: whether the peer is to be asked now; the answer goes to `answered`.
    mutating func asks(delivered count: Int, now: NIODeadline) -> Bool {
        // A peer that does not answer is not asked again.
        guard !self.isAwaited else { return false }
        self.bytes = min(self.bytes + min(max(count, 0), Self.bytesBetween), Self.bytesBetween)
        guard self.bytes == Self.bytesBetween else { return false }
        if self.answers >= Self.eagerAnswers, let lastAsked = self.lastAsked, now - lastAsked < Self.patience {
            return false
        }
        self.bytes = 0
        self.isAwaited = true
        self.lastAsked = now
        return true
    }

    mutating func answered(now: NIODeadline) {
        guard self.isAwaited, let asked = self.lastAsked else { return }
        self.isAwaited = false
        self.answers = min(self.answers + 1, Self.eagerAnswers)
        let time = now > asked ? now - asked : .nanoseconds(0)
        self.least = min(self.least ?? time, time)
    }
}
