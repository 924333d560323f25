import Testing

@testable import SSHServer

struct StartupThrottlingTests {
    @Test func theFirstDropIsToldAndTheRestOnlyAtVerbose() {
        var throttling = StartupThrottling()
        #expect(throttling.dropped("one", now: 0) == [.error("beginning MaxStartups throttling"), .info("one")])
        for second in 1...300 { #expect(throttling.dropped("more", now: second) == [.verbose("more")]) }
    }

    @Test func aFloodThatPausedAndGoesOnIsToldAgain() {
        var throttling = StartupThrottling()
        _ = throttling.dropped("one", now: 10)
        _ = throttling.dropped("two", now: 11)
        #expect(
            throttling.dropped("three", now: 312) == [
                .error("in MaxStartups throttling for 00:05:02, 2 connections dropped"), .info("three"),
            ]
        )
    }

    @Test func theEndIsToldOnceFarBelowTheLimit() {
        var throttling = StartupThrottling()
        #expect(throttling.taken(after: 0, start: 10, now: 0) == [])
        _ = throttling.dropped("one", now: 0)
        #expect(throttling.taken(after: 9, start: 10, now: 1) == [])
        #expect(
            throttling.taken(after: 8, start: 10, now: 90_061) == [
                .info("exited MaxStartups throttling after 1d01h01m, 1 connections dropped")
            ]
        )
        #expect(throttling.taken(after: 0, start: 10, now: 90_062) == [])
        #expect(throttling.dropped("again", now: 90_063).count == 2)
    }
}
