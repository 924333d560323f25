import NIOCore

/// How much one end of a connection in memory may be ahead of the other end's reading: little, so that a reader that stands holds
/// little, and more for one that reads so fast that it would run dry while its writer waits for the processor.
struct ReadAhead {
    static let least = 1024 * 1024
    static let most = 4 * 1024 * 1024
    /// Who reads as much as `most` in such a time is fast: a quarter of a gigabyte a second.
    private static let time = TimeAmount.milliseconds(16)

    private(set) var limit = Self.least
    private var start: NIODeadline?
    private var bytes = 0

    /// The other end has read so many bytes.
    mutating func read(_ count: Int, now: NIODeadline) {
        guard let start = self.start else { return self.start = now }
        self.bytes += count
        guard self.bytes >= Self.most else { return }
        self.limit = now - start < Self.time ? Self.most : Self.least
        (self.start, self.bytes) = (now, 0)
    }
}
