import NIOCore
import SSHWire
import Testing

@testable import SSHClient

struct RelayScheduleTests {
    private var random = FixedGenerator()
    private let start = NIODeadline.uptimeNanoseconds(1_000_000_000_000)

    private struct FixedGenerator: RandomNumberGenerator {
        private var state: UInt64 = 7

        mutating func next() -> UInt64 {
            self.state = self.state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return self.state
        }
    }

    private static func relays(_ names: String...) -> [SSHDestination] {
        names.map { SSHDestination(host: $0, user: "me") }
    }

    @Test mutating func aLostRelayGivesItsTurnToTheNextAtOnce() {
        var schedule = RelaySchedule(Self.relays("a", "b", "c"), ReconnectPauses())
        for (index, next) in ["b", "c", "a", "b"].enumerated() {
            let now = self.start + .minutes(5 * Int64(index))
            let wait = schedule.afterConnection(lasting: .minutes(5), now: now, random: &self.random)
            #expect(wait <= .seconds(1) && schedule.current.host == next)
        }
    }

    /// However it fails, each relay is left alone as if it were the only one.
    @Test mutating func whenAllAreAwayEachHasItsOwnPauses() {
        var schedule = RelaySchedule(Self.relays("a", "b"), ReconnectPauses())
        var now = self.start
        var last: [String: NIODeadline] = [:]
        var tries: [String: Int] = [:]
        while now < self.start + .hours(1) {
            let host = schedule.current.host
            if let before = last[host] { #expect(now - before >= .milliseconds(500)) }
            last[host] = now
            tries[host, default: 0] += 1
            now = now + schedule.afterNoAnswer(now: now, random: &self.random)
            // Not even a dial takes no time.
            now = now + .milliseconds(1)
        }
        #expect(tries["a", default: 0] > 100 && tries["b", default: 0] > 100)
        #expect(tries["a", default: 0] < 500)
    }

    @Test mutating func oneAloneHasThePausesOfOne() {
        var schedule = RelaySchedule(Self.relays("a"), ReconnectPauses())
        #expect(schedule.afterNoAnswer(now: self.start, random: &self.random) >= .milliseconds(500))
        #expect(schedule.afterRefusal(now: self.start, random: &self.random) >= .seconds(1))
        #expect(schedule.current.host == "a" && !schedule.hasOthers)
    }

    @Test mutating func aRefusalLetsTheOthersTryAtOnce() {
        var schedule = RelaySchedule(Self.relays("a", "b"), ReconnectPauses())
        #expect(schedule.afterRefusal(now: self.start, random: &self.random) == .nanoseconds(0))
        #expect(schedule.current.host == "b")
        let wait = schedule.afterRefusal(now: self.start, random: &self.random)
        #expect(wait >= .seconds(1) && schedule.current.host == "a")
    }

    @Test mutating func theServersMayChange() {
        var schedule = RelaySchedule(Self.relays("a", "b"), ReconnectPauses())
        _ = schedule.afterRefusal(now: self.start, random: &self.random)
        schedule.update(Self.relays("c", "b", "a"))
        #expect(schedule.current.host == "b")
        #expect(schedule.afterRefusal(now: self.start, random: &self.random) == .nanoseconds(0))
        #expect(schedule.current.host == "c")
        schedule.update(Self.relays("d"))
        #expect(schedule.current.host == "d" && !schedule.hasOthers)
        schedule.update([])
        #expect(schedule.current.host == "d")
    }
}
