import NIOCore
import Testing

@testable import SSHServer

/// LoginGraceTime, of which a client does not spend what it waits for us.
struct GraceTimeTests {
    private let start = NIODeadline.uptimeNanoseconds(1_000_000_000)

    @Test func waitingForUsMakesItLonger() {
        var grace = GraceTime(.seconds(120), now: self.start)
        #expect(grace.end == self.start + .seconds(120))
        grace.extend(since: self.start + .seconds(1), now: self.start + .seconds(31))
        #expect(grace.end == self.start + .seconds(150))
    }

    @Test func itIsAtMostTwiceAsLong() {
        var grace = GraceTime(.seconds(120), now: self.start)
        grace.extend(since: self.start, now: self.start + .seconds(100))
        grace.extend(since: self.start + .seconds(100), now: self.start + .seconds(500))
        #expect(grace.end == self.start + .seconds(240))
        grace.extend(since: self.start, now: self.start + .hours(1))
        #expect(grace.end == self.start + .seconds(240))
    }

    @Test func aClockThatStandsMakesItNoShorter() {
        var grace = GraceTime(.seconds(120), now: self.start)
        grace.extend(since: self.start + .seconds(5), now: self.start)
        #expect(grace.end == self.start + .seconds(120))
    }

    @Test func withoutALimitThereIsNone() {
        var grace = GraceTime(nil, now: self.start)
        grace.extend(since: self.start, now: self.start + .hours(1))
        #expect(grace.end == nil)
    }
}
