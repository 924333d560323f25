import NIOCore
import SSHWire
import Testing

@testable import SSHClient

struct ReconnectPausesTests {
    private var random = Seeded(state: 7)

    /// A generator whose numbers can be repeated.
    private struct Seeded: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            self.state = self.state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return self.state ^ (self.state >> 29)
        }
    }

    @Test mutating func aServerThatIsAwayIsTriedAboutEverySecond() {
        var pauses = ReconnectPauses()
        var now = NIODeadline.now()
        _ = pauses.afterConnection(lasting: .hours(3), now: now, random: &self.random)
        for _ in 0..<60 {
            let pause = pauses.afterNoAnswer(now: now, random: &self.random)
            #expect(pause >= .milliseconds(500) && pause <= .seconds(1))
            now = now + .seconds(1)
        }
    }

    @Test mutating func aHintSpreadsTheReturnOverItsTime() {
        var pauses = ReconnectPauses()
        let hint = ReconnectHint(seconds: 10)
        let all = (0..<400).map { _ in
            pauses.afterConnection(lasting: .hours(1), hint: hint, now: .now(), random: &self.random)
        }
        for second in 0..<10 as Range<Int64> {
            let there = all.count { $0 >= .seconds(second) && $0 < .seconds(second + 1) }
            #expect((15..<80).contains(there), "\(there) of 400 in second \(second)")
        }
        #expect(all.allSatisfy { $0 <= .seconds(10) })
    }

    @Test mutating func aServerThatAlwaysHintsKeepsNobodyAwayForLongerThanAMinute() {
        var pauses = ReconnectPauses()
        for _ in 0..<200 {
            let hint = ReconnectHint(seconds: .max)
            let pause = pauses.afterConnection(lasting: .zero, hint: hint, now: .now(), random: &self.random)
            #expect(pause <= .seconds(60))
        }
    }

    @Test mutating func aHintOfNoTimeMeansAlmostAtOnce() {
        var pauses = ReconnectPauses()
        let hint = ReconnectHint(seconds: 0)
        let pause = pauses.afterConnection(lasting: .hours(1), hint: hint, now: .now(), random: &self.random)
        #expect(pause >= .milliseconds(100) && pause <= .seconds(1))
    }

    @Test mutating func anOutageLastsAFewPerCentLongerThanItMust() {
        for minutes in [5, 30, 60] as [Int64] {
            var pauses = ReconnectPauses()
            let start = NIODeadline.now()
            _ = pauses.afterConnection(lasting: .hours(3), now: start, random: &self.random)
            _ = pauses.afterNoAnswer(now: start, random: &self.random)
            let pause = pauses.afterNoAnswer(now: start + .minutes(minutes), random: &self.random)
            #expect(pause.nanoseconds * 60 <= TimeAmount.minutes(minutes).nanoseconds)
        }
    }

    @Test mutating func nothingTakesLongerThanAMinute() {
        var pauses = ReconnectPauses()
        let start = NIODeadline.now()
        for count in 0..<200 {
            #expect(pauses.afterRefusal(random: &self.random) <= .seconds(60))
            #expect(pauses.afterNoAnswer(now: start + .hours(Int64(count)), random: &self.random) <= .seconds(60))
        }
    }

    @Test mutating func refusalsAreFurtherAndFurtherApartAndAtRandom() {
        var firsts: Set<TimeAmount> = []
        for _ in 0..<32 {
            var pauses = ReconnectPauses()
            firsts.insert(pauses.afterRefusal(random: &self.random))
            for _ in 0..<10 { _ = pauses.afterRefusal(random: &self.random) }
            let late = (0..<32).map { _ in pauses.afterRefusal(random: &self.random) }
            #expect(late.max()! > .seconds(30) && late.min()! < .seconds(30))
        }
        #expect(firsts.count > 20 && firsts.allSatisfy { $0 >= .seconds(1) && $0 <= .seconds(2) })
    }

    @Test mutating func aMinuteOfSuccessMakesTheNextRefusalTheFirst() {
        var pauses = ReconnectPauses()
        for _ in 0..<10 { _ = pauses.afterRefusal(random: &self.random) }
        _ = pauses.afterConnection(lasting: .seconds(61), now: .now(), random: &self.random)
        #expect(pauses.afterRefusal(random: &self.random) <= .seconds(2))
    }

    @Test mutating func connectionsThatEndAtOnceAreRefusalsAfterTheThird() {
        var pauses = ReconnectPauses()
        var last = TimeAmount.zero
        for count in 1...12 {
            last = pauses.afterConnection(lasting: .milliseconds(20), now: .now(), random: &self.random)
            if count <= 3 { #expect(last <= .seconds(1)) } else { #expect(last >= .seconds(1)) }
        }
        #expect(
            (0..<16).contains { _ in
                pauses.afterConnection(lasting: .zero, now: .now(), random: &self.random) > .seconds(20)
            }
        )
    }
}

struct RemoteRequestsTests {
    private let chosen = ForwardRequest(.remote, ForwardSpecification(listen: .port(.unspecified, 0), target: .socks))

    @Test func aPortThatTheServerChoseIsAskedForAgainAndGivenUpAfterThreeRefusals() {
        var requests = RemoteRequests([self.chosen])
        #expect(requests.wanted[0].request(afterRefusals: 0) == self.chosen)
        requests.given(.init(index: 0, port: 4711))
        let again = requests.wanted[0]
        for count in 0..<3 {
            #expect(again.request(afterRefusals: count).specification.listen == .port(.unspecified, 4711))
        }
        #expect(again.request(afterRefusals: 3) == self.chosen)
    }

    @Test func aPortThatWasAskedForStaysWhatItIs() {
        let asked = ForwardRequest(.remote, ForwardSpecification(listen: .port(.unspecified, 80), target: .socks))
        var requests = RemoteRequests([self.chosen, asked])
        requests.given(.init(index: 1, port: 80))
        #expect(requests.wanted[1].request(afterRefusals: 0) == asked)
        #expect(requests.wanted[1].request(afterRefusals: 9) == asked)
    }
}
