import NIOCore

/// How much of a connection's output may be sealed before the network can take it: nothing overtakes it any more, but the more it
/// is, the fewer are the writes and wake-ups. A connection gets as much as it sends in a few milliseconds, within bounds: on a slow
/// line the least, which a word that comes behind bulk has to wait for.
struct UnsentLimit {
    static let least = 16 * 1024
    static let most = 1024 * 1024
    /// Beside a conversation, on the fastest line.
    static let mostBesideConversation = 128 * 1024
    /// What may wait takes the network about so long.
    private static let delay = TimeAmount.milliseconds(4)
    /// Who has not sent as much as the limit in such a time has little to say.
    private static let patience = TimeAmount.seconds(10)
    private static let mostQueued = 512 * 1024

    /// What the kernel may hold.
    private(set) var limit = Self.mostBesideConversation
    /// When what is counted began to be sent.
    private var start: NIODeadline?
    private var bytes = 0

    /// What may wait for the kernel to take it.
    var queued: Int { min(4 * self.limit, Self.mostQueued) }
    /// Handed to the socket at a time. What is sealed should still be in the processor's cache when it is written.
    var piece: Int { self.queued / 2 }

    /// - Returns: whether the limits are other ones from now on.
    mutating func sent(_ count: Int, now: NIODeadline, besideConversation: Bool) -> Bool {
        let most = besideConversation ? Self.mostBesideConversation : Self.most
        self.bytes += count
        guard let start = self.start else {
            self.start = now
            return false
        }
        let elapsed = now - start
        guard elapsed >= Self.delay || self.limit > most else { return false }
        let perDelay = self.bytes / max(Int(elapsed.nanoseconds / Self.delay.nanoseconds), 1)
        // In few steps, with room between them; down one at a time, for a fast sender may have to wait for a moment.
        var limit = Self.least
        while limit < most, 2 * limit <= perDelay || 2 * limit < self.limit { limit *= 2 }
        let saysLittle = limit < self.limit && self.limit <= most && self.bytes < self.limit
        guard !saysLittle || elapsed > Self.patience else { return false }
        (self.start, self.bytes) = (now, 0)
        if saysLittle { return false }
        guard limit != self.limit else { return false }
        self.limit = limit
        return true
    }
}
