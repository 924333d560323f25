import NIOCore

/// Tells a conversation of small messages from bulk, by what came last on a channel.
struct ReceivedTraffic {
    /// Messages of a conversation are smaller, in bytes.
    private static let small = 2 * 1024
    /// After such a time without a message, a conversation holds nobody up any more.
    static let pause = TimeAmount.milliseconds(100)

    private var averageMessage = 0

    var isConversation: Bool { self.averageMessage <= Self.small }

    mutating func receive(_ count: Int) {
        // The last few count; one short message among large ones is the end of somebody's read.
        self.averageMessage += (count - self.averageMessage) / 4
    }
}
