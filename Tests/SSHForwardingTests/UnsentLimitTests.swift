import NIOCore
import Testing

@testable import SSHForwarding

struct UnsentLimitTests {
    private static let start = NIODeadline.uptimeNanoseconds(1_000_000_000)

    /// What a connection comes to that sends so much every millisecond.
    private static func limit(perMillisecond count: Int, from limit: inout UnsentLimit, at second: Int64) -> Int {
        for millisecond in 0..<1000 {
            let now = Self.start + .milliseconds(2_000 * second + Int64(millisecond))
            _ = limit.sent(count, now: now, besideConversation: false)
        }
        return limit.limit
    }

    @Test func followsWhatAConnectionSends() {
        var limit = UnsentLimit()
        #expect(Self.limit(perMillisecond: 3_000, from: &limit, at: 0) == UnsentLimit.least)
        #expect(Self.limit(perMillisecond: 10_000, from: &limit, at: 1) == 32 * 1024)
        #expect(Self.limit(perMillisecond: 140_000, from: &limit, at: 2) == 512 * 1024)
        #expect(Self.limit(perMillisecond: 1_000_000, from: &limit, at: 3) == UnsentLimit.most)
        #expect(Self.limit(perMillisecond: 3_000, from: &limit, at: 4) == UnsentLimit.least)
    }

    @Test func oneSlowMomentTakesHalf() {
        var limit = UnsentLimit()
        _ = Self.limit(perMillisecond: 1_000_000, from: &limit, at: 0)
        let isNews = limit.sent(UnsentLimit.most, now: Self.start + .milliseconds(1_500), besideConversation: false)
        #expect(isNews && limit.limit == UnsentLimit.most / 2)
    }

    @Test func oneLargeWriteAfterAPauseIsNotFast() {
        var limit = UnsentLimit()
        let first = limit.limit
        for second in 0..<3 {
            _ = limit.sent(256 * 1024, now: Self.start + .seconds(Int64(second)), besideConversation: false)
        }
        #expect(limit.limit < first)
    }

    @Test func whoHasLittleToSayIsNotSlow() {
        var limit = UnsentLimit()
        for second in 0..<1000 {
            let isNews = limit.sent(
                1000,
                now: Self.start + .seconds(Int64(second)),
                besideConversation: second % 2 == 0
            )
            #expect(!isNews)
        }
    }

    @Test func aConversationBringsItDownAtOnce() {
        var limit = UnsentLimit()
        #expect(Self.limit(perMillisecond: 1_000_000, from: &limit, at: 0) == UnsentLimit.most)
        let now = Self.start + .milliseconds(1_001)
        let isNews = limit.sent(1_000_000, now: now, besideConversation: true)
        #expect(isNews && limit.limit <= UnsentLimit.mostBesideConversation)
        _ = limit.sent(40_000_000, now: now + .milliseconds(5), besideConversation: true)
        #expect(limit.limit == UnsentLimit.mostBesideConversation)
    }

    /// What waits anywhere, all together: a second of a line of 80 KiB a second.
    @Test func aSlowLineHasLittleAhead() {
        var limit = UnsentLimit()
        _ = Self.limit(perMillisecond: 1_000, from: &limit, at: 0)
        #expect(limit.limit + limit.queued / 2 + limit.piece <= 80 * 1024)
        #expect(limit.piece > 0)
    }

    @Test func aFastLineHasWhatFitsTheCaches() {
        var limit = UnsentLimit()
        _ = Self.limit(perMillisecond: 1_000_000, from: &limit, at: 0)
        #expect(limit.queued == 512 * 1024)
        #expect(limit.piece == 256 * 1024)
    }
}
