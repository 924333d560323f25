import NIOCore
import SSHProtocol

/// How much one end of a connection in memory may be ahead of the other end's reading.
///
/// It begins with little, which counts with the channel, and doubles for a reader that takes it all in a moment. A reader so fast
/// that it would run dry while its writer waits for the processor gets most. All beyond the little comes out of the share of the
/// connection that writes.
struct ReadAhead {
    static let least = 32 * 1024
    static let ordinary = 1024 * 1024
    static let most = 4 * 1024 * 1024
    /// Who reads all that it may have before it in such a time is worth more.
    private static let moment = TimeAmount.milliseconds(100)
    /// Who reads as much as `most` in such a time is fast: a quarter of a gigabyte a second.
    private static let fast = TimeAmount.milliseconds(16)
    /// Who takes so many times as long is slow.
    private static let patience: Int64 = 4

    /// None before it is known whose memory it is.
    var share: ResourceShare?
    private var reservation: ResourceReservation?
    private(set) var limit = Self.least
    private var start: NIODeadline?
    private var bytes = 0

    init(_ share: ResourceShare? = nil) {
        self.share = share
    }

    /// The other end has read so many bytes.
    mutating func read(_ count: Int, now: NIODeadline) {
        guard let start = self.start else { return self.start = now }
        self.bytes += count
        guard let next = self.next(after: now - start) else { return }
        self.change(to: next)
        (self.start, self.bytes) = (now, 0)
    }

    /// - Returns: what it may be ahead from now on; nil as long as that cannot be said.
    private func next(after elapsed: TimeAmount) -> Int? {
        if self.limit == Self.most {
            if elapsed >= Self.fast * Self.patience { return Self.ordinary }
            return self.bytes >= Self.most ? self.limit : nil
        }
        if elapsed >= Self.moment * Self.patience, self.bytes < self.limit { return max(self.limit / 2, Self.least) }
        if self.limit == Self.ordinary {
            if elapsed >= Self.fast { return self.limit }
            return self.bytes >= Self.most ? Self.most : nil
        }
        guard self.bytes >= self.limit else { return nil }
        return elapsed < Self.moment ? self.limit * 2 : self.limit
    }

    private mutating func change(to limit: Int) {
        guard limit != self.limit, let share = self.share else { return }
        if limit < self.limit {
            self.reservation = nil
            self.reservation = limit > Self.least ? share.hold(limit - Self.least) : nil
        } else {
            guard let reservation = share.reserve(limit - Self.least, for: .growth) else { return }
            self.reservation = reservation
        }
        self.limit = limit
    }
}
