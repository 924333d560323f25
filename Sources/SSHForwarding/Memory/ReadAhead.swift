import NIOCore

/// How much one end of a connection in memory may be ahead of the other end's reading: more for one that reads so fast that it would
/// run dry while its writer waits for the processor, as long as few others have more.
struct ReadAhead {
    static let least = 1024 * 1024
    static let most = 4 * 1024 * 1024
    /// Who reads as much as `most` in such a time is fast: a quarter of a gigabyte a second.
    private static let time = TimeAmount.milliseconds(16)
    /// Who is fast may be that much slower before it counts as slow.
    private static let patience: Int64 = 4

    private let permits: BulkPermits
    private var permit: BulkPermits.Permit?
    private var start: NIODeadline?
    private var bytes = 0

    init(_ permits: BulkPermits = .readAhead) {
        self.permits = permits
    }

    var limit: Int { self.permit == nil ? Self.least : Self.most }

    /// The other end has read so many bytes.
    mutating func read(_ count: Int, now: NIODeadline) {
        guard let start = self.start else { return self.start = now }
        self.bytes += count
        let isSlow = now - start >= (self.permit == nil ? Self.time : Self.time * Self.patience)
        guard isSlow || self.bytes >= Self.most else { return }
        if isSlow { self.permit = nil } else if self.permit == nil { self.permit = self.permits.take() }
        (self.start, self.bytes) = (now, 0)
    }
}
