import NIOCore

/// How much of a connection's output the kernel may hold beyond what the network can take: nothing overtakes it any more, but
/// the more it is, the fewer are the writes and wake-ups. A connection gets as much as it sends in a few milliseconds, and one
/// that carries a conversation the least.
struct UnsentLimit {
    static let least = 128 * 1024
    static let most = 1024 * 1024
    /// What may wait takes the network about so long.
    private static let delay = TimeAmount.milliseconds(4)

    private var limit = Self.least
    private var start = NIODeadline.uptimeNanoseconds(0)
    private var bytes = 0

    /// - Returns: the limit from now on, if it is another one.
    mutating func sent(_ count: Int, now: NIODeadline, besideConversation: Bool) -> Int? {
        self.bytes += count
        let elapsed = now - self.start
        guard elapsed >= Self.delay || besideConversation && self.limit > Self.least else { return nil }
        let perDelay = self.bytes / max(Int(elapsed.nanoseconds / Self.delay.nanoseconds), 1)
        (self.start, self.bytes) = (now, 0)
        // In few steps, with room between them.
        var limit = Self.least
        while !besideConversation, limit < Self.most, 2 * limit <= perDelay { limit *= 2 }
        guard limit != self.limit else { return nil }
        self.limit = limit
        return limit
    }
}
