import NIOCore
import Testing

@testable import SSHForwarding

struct ReadAheadTests {
    private static let piece = 256 * 1024

    /// Reads at a steady rate for a tenth of a second.
    private func read(_ ahead: inout ReadAhead, bytesPerMillisecond: Int, from start: NIODeadline) -> NIODeadline {
        var now = start
        for _ in 0..<bytesPerMillisecond * 100 / Self.piece {
            now = now + .microseconds(Int64(Self.piece * 1_000 / bytesPerMillisecond))
            ahead.read(Self.piece, now: now)
        }
        return now
    }

    @Test func aFastReaderHasMoreBeforeItAndASlowOneLittle() {
        var ahead = ReadAhead(BulkPermits(1))
        var now = NIODeadline.uptimeNanoseconds(1)
        var limits = [ahead.limit]
        for rate in [100_000, 500_000, 100_000, 20_000, 500_000] {
            now = self.read(&ahead, bytesPerMillisecond: rate, from: now)
            limits.append(ahead.limit)
        }
        #expect(limits == [0, 0, 1, 1, 0, 1].map { $0 == 0 ? ReadAhead.least : ReadAhead.most })
    }

    @Test func onlySoManyHaveMore() {
        let permits = BulkPermits(1)
        var first: ReadAhead? = ReadAhead(permits)
        var second = ReadAhead(permits)
        let start = NIODeadline.uptimeNanoseconds(1)
        _ = first.map { _ in self.read(&first!, bytesPerMillisecond: 500_000, from: start) }
        let now = self.read(&second, bytesPerMillisecond: 500_000, from: start)
        #expect(first?.limit == ReadAhead.most && second.limit == ReadAhead.least)
        first = nil
        _ = self.read(&second, bytesPerMillisecond: 500_000, from: now)
        #expect(second.limit == ReadAhead.most)
    }

    @Test func aPauseIsNoFastReading() {
        var ahead = ReadAhead()
        var now = NIODeadline.uptimeNanoseconds(1)
        for _ in 0..<10 {
            for _ in 0..<15 { ahead.read(Self.piece, now: now) }
            now = now + .seconds(1)
        }
        #expect(ahead.limit == ReadAhead.least)
    }
}
