import NIOCore

/// When a fast connection is better left alone for a moment, so that a read brings several packets and not one.
///
/// A peer that seals and sends packet by packet wakes us for each, and each of our writes wakes somebody else. As with
/// the interrupts of a network card, a short wait saves most of that.
struct ReadPacing {
    /// Between two reads of a connection that is paced; shorter where a conversation has to wait as well.
    private static let pause = TimeAmount.microseconds(500)
    private static let shortPause = TimeAmount.microseconds(100)
    /// As long as less comes than this in a pause, there is little to gather: a gigabit brings half as much.
    private static let bytesPerPause = 128 * 1024
    /// Who sends so much at a time needs no help.
    private static let large = 96 * 1024
    /// So much in a read needs no waiting for more.
    private static let plenty = 384 * 1024
    /// Reads after which it is decided anew.
    private static let reads = 16

    private var isPacing = false
    private var start = NIODeadline.uptimeNanoseconds(0)
    private var count = 0
    private var bytes = 0

    /// - Returns: how long the next read should wait; nil if it should not.
    mutating func pause(afterReading bytes: Int, now: NIODeadline, besideConversation: Bool) -> TimeAmount? {
        self.count += 1
        self.bytes += bytes
        if self.count == Self.reads {
            let pauses = max((now - self.start).nanoseconds, 1) / Self.pause.nanoseconds
            let isFast = self.bytes / Self.bytesPerPause > Int(pauses)
            self.isPacing = isFast && (self.isPacing || self.bytes < Self.reads * Self.large)
            (self.start, self.count, self.bytes) = (now, 0, 0)
        }
        guard self.isPacing, bytes < Self.plenty else { return nil }
        return besideConversation ? Self.shortPause : Self.pause
    }
}
