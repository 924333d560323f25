import NIOCore
import SSHProtocol
import Testing

@testable import SSHForwarding

struct ReadAheadTests {
    private static let piece = 32 * 1024
    private let budget = ResourceBudget(limit: 1024 * 1024 * 1024)

    private func share() -> ResourceShare { ResourceShare(self.budget.account(named: "a")) }

    /// Reads at a steady rate for so many milliseconds.
    private func read(
        _ ahead: inout ReadAhead,
        bytesPerMillisecond: Int,
        milliseconds: Int,
        from start: NIODeadline
    ) -> NIODeadline {
        var now = start
        for _ in 0..<max(bytesPerMillisecond * milliseconds / Self.piece, 1) {
            now = now + .microseconds(Int64(Self.piece * 1_000 / bytesPerMillisecond))
            ahead.read(Self.piece, now: now)
        }
        return now
    }

    @Test func aReaderThatTakesNothingHasLittleBeforeIt() {
        let ahead = ReadAhead(self.share())
        #expect(ahead.limit == ReadAhead.least && self.budget.used == 0)
    }

    @Test func aFastReaderHasMoreBeforeItAndASlowOneLittle() {
        var ahead = ReadAhead(self.share())
        var now = NIODeadline.uptimeNanoseconds(1)
        var limits: [Int] = []
        for rate in [100_000, 500_000, 100_000, 500_000] {
            now = self.read(&ahead, bytesPerMillisecond: rate, milliseconds: 200, from: now)
            limits.append(ahead.limit)
            #expect(self.budget.used == ahead.limit - ReadAhead.least)
        }
        #expect(limits == [ReadAhead.ordinary, ReadAhead.most, ReadAhead.most, ReadAhead.most])
        now = self.read(&ahead, bytesPerMillisecond: 20_000, milliseconds: 1_000, from: now)
        #expect(ahead.limit == ReadAhead.ordinary)
        _ = self.read(&ahead, bytesPerMillisecond: 10, milliseconds: 60_000, from: now)
        #expect(ahead.limit == ReadAhead.least && self.budget.used == 0)
    }

    @Test func withoutRoomItStaysAsItIs() {
        let budget = ResourceBudget(limit: 0)
        var ahead = ReadAhead(ResourceShare(budget.account(named: "a")))
        _ = self.read(&ahead, bytesPerMillisecond: 500_000, milliseconds: 200, from: .uptimeNanoseconds(1))
        #expect(ahead.limit == ReadAhead.least)
    }

    @Test func aPauseIsNoFastReading() {
        var ahead = ReadAhead(self.share())
        var now = self.read(
            &ahead,
            bytesPerMillisecond: 100_000,
            milliseconds: 100,
            from: NIODeadline.uptimeNanoseconds(1)
        )
        for _ in 0..<10 {
            for _ in 0..<100 { ahead.read(Self.piece, now: now) }
            now = now + .seconds(1)
        }
        #expect(ahead.limit <= ReadAhead.ordinary)
    }

    @Test func whatItHasGoesBackWithIt() {
        do {
            var ahead = ReadAhead(self.share())
            _ = self.read(&ahead, bytesPerMillisecond: 500_000, milliseconds: 200, from: .uptimeNanoseconds(1))
            #expect(self.budget.used > 0)
        }
        #expect(self.budget.used == 0)
    }
}
