import NIOCore
import Testing

@testable import SSHProtocol

struct ReceiveWindowTests {
    private static let mebibyte = 1024 * 1024
    private let budget = ResourceBudget(limit: 1024 * Self.mebibyte)
    private let way = TimeAmount.milliseconds(100)

    private func window() -> ReceiveWindow {
        ReceiveWindow(size: UInt32(2 * Self.mebibyte), largest: UInt32(64 * Self.mebibyte))
    }

    private func share() -> ResourceShare { ResourceShare(self.budget.account(named: "a")) }

    /// A peer that sends all it may, once in a round trip, to a sink that takes it all.
    private func fill(
        _ window: inout ReceiveWindow,
        rounds: Int,
        way: TimeAmount,
        from start: Int64 = 0,
        share: ResourceShare
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
        let share = self.share()
        try window.receive(80)
        let early = window.deliver(49, now: .uptimeNanoseconds(1), roundTrip: nil, share: share)
        let credit = window.deliver(1, now: .uptimeNanoseconds(1), roundTrip: nil, share: share)
        #expect(early == nil && credit == 50)
        #expect(window.available == 70 && window.undelivered == 30)
    }

    @Test func moreThanIsThereIsNotDelivered() throws {
        var window = ReceiveWindow(size: 100)
        try window.receive(60)
        let credit = window.deliver(.max, now: .uptimeNanoseconds(1), roundTrip: nil, share: self.share())
        #expect(credit == 60 && window.available == 100)
    }

    @Test func aFullWindowOnALongWayDoublesWithEachRoundTripUpToTheLargest() throws {
        var window = self.window()
        let share = self.share()
        try self.fill(&window, rounds: 10, way: self.way, share: share)
        #expect(window.size == UInt32(64 * Self.mebibyte))
        #expect(self.budget.used == 62 * Self.mebibyte)
        #expect(window.available <= window.size)
    }

    /// What a window becomes on a way of a tenth of a millisecond, if the peer sends so much a second and no more.
    private func nearby(_ window: ReceiveWindow, bytesPerSecond: Int, from start: Int64 = 0) throws -> Int {
        var window = window
        let share = self.share()
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
        try self.fill(&window, rounds: 3, way: self.way, share: self.share())
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
            share: self.share()
        )
        #expect(try self.nearby(window, bytesPerSecond: 1_200_000_000) == 2 * Self.mebibyte)
        #expect(try self.nearby(window, bytesPerSecond: 1_200_000_000, from: 6) == 16 * Self.mebibyte)
    }

    @Test func aPeerThatIsSlowerForItGetsNoMoreThanTheFirstWindowNearby() throws {
        let size = UInt32(2 * Self.mebibyte)
        let window = ReceiveWindow(size: size, largest: 32 * size, growsNearby: false)
        #expect(try self.nearby(window, bytesPerSecond: 1_200_000_000) == 2 * Self.mebibyte)
        var far = window
        try self.fill(&far, rounds: 10, way: self.way, share: self.share())
        #expect(far.size == 32 * size)
    }

    @Test func aSlowSourceGetsNoMoreThanTheFirstWindow() throws {
        var window = self.window()
        let share = self.share()
        for round in 0..<1_000 {
            try window.receive(400 * 1024)
            let now = NIODeadline.uptimeNanoseconds(1) + self.way * Int64(round)
            _ = window.deliver(400 * 1024, now: now, roundTrip: self.way, share: share)
        }
        #expect(window.size == UInt32(2 * Self.mebibyte))
    }

    @Test func aSinkThatStandsGetsNoMoreThanTheFirstWindow() throws {
        var window = self.window()
        let share = self.share()
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
        let share = self.share()
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
        let share = self.share()
        try self.fill(&window, rounds: 10, way: self.way, share: share)
        var rounds: Int64 = 0
        while window.size > UInt32(2 * Self.mebibyte), rounds < 5_000 {
            rounds += 1
            try window.receive(100 * 1024)
            let now = NIODeadline.uptimeNanoseconds(1) + self.way * (100 + rounds)
            _ = window.deliver(100 * 1024, now: now, roundTrip: self.way, share: share)
            #expect(window.available + window.undelivered <= window.size)
            #expect(self.budget.used == window.taken)
        }
        #expect(window.size == UInt32(2 * Self.mebibyte) && self.budget.used == 0)
        // It goes on as if it had never grown.
        try self.fill(&window, rounds: 10, way: self.way, from: 100 + rounds, share: share)
        #expect(window.size == UInt32(64 * Self.mebibyte))
    }

    @Test func besideAConversationLittleIsUnderWayAndAllOfItAgainAfterwards() throws {
        var window = self.window()
        let share = self.share()
        let now = NIODeadline.uptimeNanoseconds(1)
        try window.receive(Int(window.available))
        let none = window.deliver(1_792 * 1024, now: now, roundTrip: nil, yields: true, share: share)
        let little = window.deliver(64 * 1024, now: now, roundTrip: nil, yields: true, share: share)
        #expect(none == nil && little == 64 * 1024)
        let all = window.deliver(192 * 1024, now: now, roundTrip: nil, share: share)
        #expect(all == UInt32(1_984 * 1024) && window.available == UInt32(2 * Self.mebibyte))
    }

    @Test func aBudgetThatIsUsedUpLeavesTheWindowAsItIs() throws {
        let budget = ResourceBudget(limit: 1)
        var window = self.window()
        try self.fill(&window, rounds: 10, way: self.way, share: ResourceShare(budget.account(named: "a")))
        #expect(window.size == UInt32(2 * Self.mebibyte))
    }

    @Test func aPeerThatSaysItIsVeryFarAwayOverflowsNothing() throws {
        var window = ReceiveWindow(size: 2_000_000_000, largest: .max)
        let share = ResourceShare(ResourceBudget(limit: .max).account(named: "a"))
        for round in 0..<8 {
            let now = NIODeadline.uptimeNanoseconds(1) + .hours(Int64(round))
            let count = Int(window.available)
            try window.receive(count)
            _ = window.deliver(count, now: now, roundTrip: .hours(1_000), share: share)
        }
        #expect(window.available <= window.size)
    }

    // MARK: Proof

    private func unproven() -> ReceiveWindow {
        ReceiveWindow(size: 128 * 1024, ordinary: UInt32(2 * Self.mebibyte), largest: UInt32(64 * Self.mebibyte))
    }

    @Test func aSinkThatTakesNothingKeepsTheSmallWindow() throws {
        var window = self.unproven()
        try window.receive(128 * 1024)
        for round in 0..<100 {
            let now = NIODeadline.uptimeNanoseconds(1) + self.way * Int64(round)
            #expect(window.deliver(0, now: now, roundTrip: self.way, share: self.share()) == nil)
        }
        #expect(window.size == 128 * 1024 && window.available == 0)
    }

    @Test func aSinkThatHasTakenTwoSmallWindowsGetsAnOrdinaryOne() throws {
        var window = self.unproven()
        let share = self.share()
        var credits: [UInt32?] = []
        for _ in 0..<8 {
            try window.receive(32 * 1024)
            credits.append(window.deliver(32 * 1024, now: .uptimeNanoseconds(1), roundTrip: nil, share: share))
        }
        #expect(window.size == UInt32(2 * Self.mebibyte) && share.held == 2 * Self.mebibyte - 128 * 1024)
        #expect(credits.dropLast().allSatisfy { ($0 ?? 0) <= 128 * 1024 })
        #expect(credits.last == UInt32(2 * Self.mebibyte - 64 * 1024))
    }

    @Test func aSinkThatLagsBehindProvesNothing() throws {
        var window = self.unproven()
        let share = self.share()
        for _ in 0..<1_000 {
            try window.receive(Int(window.available))
            _ = window.deliver(1024, now: .uptimeNanoseconds(1), roundTrip: nil, share: share)
        }
        #expect(window.size == 128 * 1024)
    }

    @Test func aWindowThatMemoryWasShortForGrowsWhenThereIsSome() throws {
        let budget = ResourceBudget(limit: 8 * Self.mebibyte)
        let (hog, share) = (ResourceShare(budget.account(named: "b")), ResourceShare(budget.account(named: "a")))
        hog.charge(8 * Self.mebibyte)
        var window = self.unproven()
        for isShort in [true, false] {
            if !isShort { hog.giveBack(.max) }
            for _ in 0..<16 {
                try window.receive(32 * 1024)
                _ = window.deliver(32 * 1024, now: .uptimeNanoseconds(1), roundTrip: nil, share: share)
            }
            #expect((window.size == 128 * 1024) == isShort)
        }
    }

    @Test func anOrdinaryWindowThatIsHardlyUsedBecomesSmallWhenMemoryIsShort() throws {
        let budget = ResourceBudget(limit: 64 * Self.mebibyte)
        let (hog, share) = (ResourceShare(budget.account(named: "b")), ResourceShare(budget.account(named: "a")))
        var window = self.unproven()
        func trickle(from start: Int64) throws {
            for round in 0..<2_000 {
                try window.receive(2 * 1024)
                let now = NIODeadline.uptimeNanoseconds(1) + .milliseconds(10) * (start + Int64(round))
                _ = window.deliver(2 * 1024, now: now, roundTrip: .milliseconds(10), share: share)
            }
        }
        try trickle(from: 0)
        #expect(window.size == UInt32(2 * Self.mebibyte))
        hog.charge(64 * Self.mebibyte)
        try trickle(from: 10_000)
        #expect(window.size == 128 * 1024 && share.held == 0)
    }
}
