import NIOCore

/// When a fast connection is better left alone for a moment, so that a read brings several packets and not one.
///
/// A peer that seals and sends packet by packet wakes us for each, and each of our writes wakes somebody else. As with
/// the interrupts of a network card, a wait that is short beside any way through a network saves most of that.
struct ReadPacing {
    /// Between two reads of a connection that is paced.
    static let pause = TimeAmount.microseconds(100)
    /// As long as less comes than this in a pause, there is nothing to gather.
    private static let bytesPerPause = 32 * 1024
    /// So much in a read needs no waiting for more.
    private static let plenty = 128 * 1024
    /// Reads after which it is decided anew.
    private static let reads = 16

    private var isPacing = false
    private var start = NIODeadline.uptimeNanoseconds(0)
    private var count = 0
    private var bytes = 0

    /// - Returns: whether the next read should wait for a pause.
    mutating func waits(afterReading bytes: Int, now: NIODeadline) -> Bool {
        self.count += 1
        self.bytes += bytes
        if self.count == Self.reads {
            let pauses = max((now - self.start).nanoseconds, 1) / Self.pause.nanoseconds
            self.isPacing = self.bytes / Self.bytesPerPause > Int(pauses) && self.bytes < Self.reads * Self.plenty
            (self.start, self.count, self.bytes) = (now, 0, 0)
        }
        return self.isPacing && bytes < Self.plenty
    }
}
