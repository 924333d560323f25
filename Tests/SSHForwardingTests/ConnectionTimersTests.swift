import NIOCore
import NIOEmbedded
import Testing

@testable import SSHForwarding

struct ConnectionTimersTests {
    private final class Connection: TimedConnection {
        var count = 0
        var then: () -> Void = {}

        func advance() {
            self.count += 1
            self.then()
        }
    }

    private let loop = EmbeddedEventLoop()

    @Test func aDeadlineIsMetWithinATickAndOnce() {
        let timers = ConnectionTimers(self.loop)
        let connection = Connection()
        _ = timers.insert(connection, at: self.loop.now + .seconds(15))
        self.loop.advanceTime(by: .seconds(15) - .nanoseconds(1))
        #expect(connection.count == 0)
        self.loop.advanceTime(by: .milliseconds(126))
        #expect(connection.count == 1)
        self.loop.advanceTime(by: .hours(1))
        #expect(connection.count == 1)
    }

    @Test func whoLeavesBeforeItsDeadlineLeavesNoPlaceBehind() {
        let timers = ConnectionTimers(self.loop)
        let staying = Connection()
        _ = timers.insert(staying, at: self.loop.now + .hours(1))
        for _ in 0..<1_000 {
            let tickets = (0..<3).map { _ in timers.insert(Connection(), at: self.loop.now + .hours(1)) }
            for ticket in tickets { timers.remove(ticket) }
        }
        #expect(timers.placeCount == 1)
        self.loop.advanceTime(by: .hours(1) + .milliseconds(126))
        #expect(staying.count == 1 && timers.placeCount == 0)
    }

    @Test func anEarlierDeadlineComesFirst() {
        let timers = ConnectionTimers(self.loop)
        let (late, early, between) = (Connection(), Connection(), Connection())
        _ = timers.insert(late, at: self.loop.now + .seconds(30))
        _ = timers.insert(early, at: self.loop.now + .seconds(10))
        _ = timers.insert(between, at: self.loop.now + .seconds(20))
        self.loop.advanceTime(by: .seconds(11))
        #expect([early.count, between.count, late.count] == [1, 0, 0])
        self.loop.advanceTime(by: .seconds(10))
        #expect([early.count, between.count, late.count] == [1, 1, 0])
        self.loop.advanceTime(by: .seconds(10))
        #expect([early.count, between.count, late.count] == [1, 1, 1])
    }

    @Test func whatWasRemovedIsNotCalledNorKept() {
        let timers = ConnectionTimers(self.loop)
        var removed: Connection? = Connection()
        weak let kept = removed
        let other = Connection()
        let ticket = removed.map { timers.insert($0, at: self.loop.now + .seconds(1)) }
        _ = timers.insert(other, at: self.loop.now + .seconds(1))
        if let ticket { timers.remove(ticket) }
        removed = nil
        #expect(kept == nil)
        self.loop.advanceTime(by: .seconds(2))
        #expect(other.count == 1)
        // Its time is over: nothing stands there any more.
        if let ticket { timers.remove(ticket) }
    }

    @Test func aDeadlineThatIsOverComesBackInTheNextTick() {
        let timers = ConnectionTimers(self.loop)
        let connection = Connection()
        let past = self.loop.now
        connection.then = { if connection.count < 100 { _ = timers.insert(connection, at: past) } }
        _ = timers.insert(connection, at: past)
        self.loop.advanceTime(by: .milliseconds(1250))
        #expect((9...10).contains(connection.count))
    }

    @Test func aDeadlineThatNeverComesIsTaken() {
        let timers = ConnectionTimers(self.loop)
        let connection = Connection()
        _ = timers.insert(connection, at: .distantFuture)
        self.loop.advanceTime(by: .hours(1000))
        #expect(connection.count == 0)
    }
}
