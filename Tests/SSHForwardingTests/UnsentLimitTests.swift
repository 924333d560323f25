import NIOCore
import Testing

@testable import SSHForwarding

struct UnsentLimitTests {
    private static let start = NIODeadline.uptimeNanoseconds(1_000_000_000)

    /// What a connection has come to that sends so much every millisecond.
    private static func limit(perMillisecond count: Int, from limit: inout UnsentLimit, at second: Int64) -> Int? {
        var last: Int?
        for millisecond in 0..<100 {
            let now = Self.start + .milliseconds(1_000 * second + Int64(millisecond))
            if let new = limit.sent(count, now: now, besideConversation: false) { last = new }
        }
        return last
    }

    @Test func followsWhatAConnectionSends() {
        var limit = UnsentLimit()
        #expect(Self.limit(perMillisecond: 10_000, from: &limit, at: 0) == nil)
        #expect(Self.limit(perMillisecond: 140_000, from: &limit, at: 1) == 512 * 1024)
        #expect(Self.limit(perMillisecond: 1_000_000, from: &limit, at: 2) == UnsentLimit.most)
        #expect(Self.limit(perMillisecond: 10_000, from: &limit, at: 3) == UnsentLimit.least)
    }

    @Test func oneLargeWriteAfterAPauseIsNotFast() {
        var limit = UnsentLimit()
        #expect(limit.sent(256 * 1024, now: Self.start, besideConversation: false) == nil)
        #expect(limit.sent(256 * 1024, now: Self.start + .seconds(1), besideConversation: false) == nil)
    }

    @Test func aConversationBringsItDownAtOnce() {
        var limit = UnsentLimit()
        #expect(Self.limit(perMillisecond: 1_000_000, from: &limit, at: 0) == UnsentLimit.most)
        let now = Self.start + .milliseconds(101)
        #expect(limit.sent(10, now: now, besideConversation: true) == UnsentLimit.least)
        #expect(limit.sent(4_000_000, now: now + .milliseconds(5), besideConversation: true) == nil)
    }
}
