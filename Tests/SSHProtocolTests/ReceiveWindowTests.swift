import NIOCore
import Testing

@testable import SSHProtocol

struct ReceiveWindowTests {
    private static let mebibyte = 1024 * 1024
    private let budget = WindowBudget(bytes: 256 * Self.mebibyte)
    private let way = TimeAmount.milliseconds(100)

    private func window() -> ReceiveWindow {
        ReceiveWindow(size: UInt32(2 * Self.mebibyte), largest: UInt32(64 * Self.mebibyte))
    }

    /// A peer that sends all it may, once in a round trip, to a sink that takes it all.
    private func fill(
        _ window: inout ReceiveWindow,
        rounds: Int,
        way: TimeAmount,
        from start: Int64 = 0,
        share: WindowShare
    ) throws {
        for round in 0..<rounds {
            let now = NIODeadline.uptimeNanoseconds(1) + way * (start + Int64(round))
            var left = Int(window.available)
            while left > 0 {
                let count = min(left, 256 * 1024)
                try window.receive(count)
                _ = window.deliver(count, now: now, roundTrip: way, share: share)
                left -= count
            }
        }
    }

    @Test func creditComesBackWhenHalfAWindowHasBeenDelivered() throws {
        var window = ReceiveWindow(size: 100)
        let share = WindowShare(self.budget)
        try window.receive(80)
        let early = window.deliver(49, now: .uptimeNanoseconds(1), roundTrip: nil, share: share)
        let credit = window.deliver(1, now: .uptimeNanoseconds(1), roundTrip: nil, share: share)
        #expect(early == nil && credit == 50)
        #expect(window.available == 70 && window.undelivered == 30)
    }

    @Test func moreThanIsThereIsNotDelivered() throws {
        var window = ReceiveWindow(size: 100)
        try window.receive(60)
        let credit = window.deliver(.max, now: .uptimeNanoseconds(1), roundTrip: nil, share: WindowShare(self.budget))
        #expect(credit == 60 && window.available == 100)
    }

    @Test func aFullWindowOnALongWayDoublesWithEachRoundTripUpToTheLargest() throws {
        var window = self.window()
        let share = WindowShare(self.budget)
        try self.fill(&window, rounds: 10, way: self.way, share: share)
        #expect(window.size == UInt32(64 * Self.mebibyte))
        #expect(self.budget.taken == 62 * Self.mebibyte)
        #expect(window.available <= window.size)
    }

    /// What a window becomes on a way of a tenth of a millisecond, if the peer sends so much a second and no more.
    private func nearby(_ window: ReceiveWindow, bytesPerSecond: Int, from start: Int64 = 0) throws -> Int {
        var window = window
        let share = WindowShare(self.budget)
        for step in 0..<10_000 {
            let count = min(bytesPerSecond / 10_000, Int(window.available))
            try window.receive(count)
            let now = NIODeadline.uptimeNanoseconds(1) + .seconds(start) + .microseconds(100) * Int64(step)
            _ = window.deliver(count, now: now, roundTrip: .microseconds(100), share: share)
        }
        return Int(window.size)
    }

    @Test func aShortWayNeedsNoMoreThanTheFirstWindowUnlessMuchComes() throws {
        let sizes = try [200, 300, 600, 1_200].map { try self.nearby(self.window(), bytesPerSecond: $0 * 1_000_000) }
        #expect(sizes == [2, 4, 8, 16].map { $0 * Self.mebibyte })
    }

    @Test func whatGrewBeforeItWasKnownThatThePeerIsNearbyShrinks() throws {
        let size = UInt32(2 * Self.mebibyte)
        var window = ReceiveWindow(size: size, largest: 32 * size, growsNearby: false)
        try self.fill(&window, rounds: 3, way: self.way, share: WindowShare(self.budget))
        #expect(window.size > 2 * size)
        #expect(try self.nearby(window, bytesPerSecond: 1_200_000_000, from: 100) == 2 * Self.mebibyte)
    }

    @Test func afterAConversationNoMoreThanTheFirstWindowIsUnderWayNearby() throws {
        var window = self.window()
        _ = window.deliver(
            0,
            now: .uptimeNanoseconds(1),
            roundTrip: .microseconds(100),
            yields: true,
            share: WindowShare(self.budget)
        )
        #expect(try self.nearby(window, bytesPerSecond: 1_200_000_000) == 2 * Self.mebibyte)
        #expect(try self.nearby(window, bytesPerSecond: 1_200_000_000, from: 6) == 16 * Self.mebibyte)
    }

    @Test func aPeerThatIsSlowerForItGetsNoMoreThanTheFirstWindowNearby() throws {
        let size = UInt32(2 * Self.mebibyte)
        let window = ReceiveWindow(size: size, largest: 32 * size, growsNearby: false)
        #expect(try self.nearby(window, bytesPerSecond: 1_200_000_000) == 2 * Self.mebibyte)
        var far = window
        try self.fill(&far, rounds: 10, way: self.way, share: WindowShare(self.budget))
        #expect(far.size == 32 * size)
    }

    @Test func aSlowSourceGetsNoMoreThanTheFirstWindow() throws {
        var window = self.window()
        let share = WindowShare(self.budget)
        for round in 0..<1_000 {
            try window.receive(400 * 1024)
            let now = NIODeadline.uptimeNanoseconds(1) + self.way * Int64(round)
            _ = window.deliver(400 * 1024, now: now, roundTrip: self.way, share: share)
        }
        #expect(window.size == UInt32(2 * Self.mebibyte))
    }

    @Test func aSinkThatStandsGetsNoMoreThanTheFirstWindow() throws {
        var window = self.window()
        let share = WindowShare(self.budget)
        try window.receive(2 * Self.mebibyte)
        for round in 0..<100 {
            let now = NIODeadline.uptimeNanoseconds(1) + self.way * Int64(round)
            let credit = window.deliver(0, now: now, roundTrip: self.way, share: share)
            #expect(credit == nil)
        }
        #expect(window.available == 0 && window.size == UInt32(2 * Self.mebibyte))
        let more = Result { try window.receive(1) }
        #expect(throws: (any Error).self) { try more.get() }
    }

    @Test func aSinkThatNeverCatchesUpGetsNoMoreThanTheFirstWindow() throws {
        var window = self.window()
        let share = WindowShare(self.budget)
        try window.receive(2 * Self.mebibyte)
        for round in 0..<100 {
            let now = NIODeadline.uptimeNanoseconds(1) + .milliseconds(10) * Int64(round)
            _ = window.deliver(100 * 1024, now: now, roundTrip: self.way, share: share)
            try window.receive(Int(window.available))
        }
        #expect(window.size == UInt32(2 * Self.mebibyte))
    }

    @Test func aWindowThatIsNotUsedShrinksAndGivesBackOnlyWhatThePeerHasUsed() throws {
        var window = self.window()
        let share = WindowShare(self.budget)
        try self.fill(&window, rounds: 10, way: self.way, share: share)
        var rounds: Int64 = 0
        while window.size > UInt32(2 * Self.mebibyte), rounds < 5_000 {
            rounds += 1
            try window.receive(100 * 1024)
            let now = NIODeadline.uptimeNanoseconds(1) + self.way * (100 + rounds)
            _ = window.deliver(100 * 1024, now: now, roundTrip: self.way, share: share)
            #expect(window.available + window.undelivered <= window.size)
            #expect(self.budget.taken == window.taken)
        }
        #expect(window.size == UInt32(2 * Self.mebibyte) && self.budget.taken == 0)
        // It goes on as if it had never grown.
        try self.fill(&window, rounds: 10, way: self.way, from: 100 + rounds, share: share)
        #expect(window.size == UInt32(64 * Self.mebibyte))
    }

    @Test func besideAConversationLittleIsUnderWayAndAllOfItAgainAfterwards() throws {
        var window = self.window()
        let share = WindowShare(self.budget)
        let now = NIODeadline.uptimeNanoseconds(1)
        try window.receive(Int(window.available))
        let none = window.deliver(1_792 * 1024, now: now, roundTrip: nil, yields: true, share: share)
        let little = window.deliver(64 * 1024, now: now, roundTrip: nil, yields: true, share: share)
        #expect(none == nil && little == 64 * 1024)
        let all = window.deliver(192 * 1024, now: now, roundTrip: nil, share: share)
        #expect(all == UInt32(1_984 * 1024) && window.available == UInt32(2 * Self.mebibyte))
    }

    @Test func aBudgetThatIsUsedUpLeavesTheWindowAsItIs() throws {
        let budget = WindowBudget(bytes: 1)
        var window = self.window()
        try self.fill(&window, rounds: 10, way: self.way, share: WindowShare(budget))
        #expect(window.size == UInt32(2 * Self.mebibyte))
    }

    @Test func aPeerThatSaysItIsVeryFarAwayOverflowsNothing() throws {
        var window = ReceiveWindow(size: 2_000_000_000, largest: .max)
        let share = WindowShare(WindowBudget(bytes: .max))
        for round in 0..<8 {
            let now = NIODeadline.uptimeNanoseconds(1) + .hours(Int64(round))
            let count = Int(window.available)
            try window.receive(count)
            _ = window.deliver(count, now: now, roundTrip: .hours(1_000), share: share)
        }
        #expect(window.available <= window.size)
    }
}
