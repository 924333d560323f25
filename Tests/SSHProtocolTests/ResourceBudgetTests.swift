import NIOCore
import SSHWire
import Testing

@testable import SSHProtocol

struct ResourceBudgetTests {
    private static let mebibyte = 1024 * 1024

    @Test func oneAccountAloneLeavesAsMuchAsItHolds() {
        let budget = ResourceBudget(limit: 1_000_000)
        let account = budget.account(named: "a")
        // Each connection alone is held to less.
        let shares = (0..<50).map { _ in ResourceShare(account) }
        for _ in 0..<100 {
            for share in shares { _ = share.take(10_000, for: .opening) }
        }
        #expect((420_000...440_000).contains(account.held) && budget.used == account.held)
    }

    @Test func howeverManyHoldAllTheyMayTheNextOneFindsSomething() {
        let budget = ResourceBudget(limit: 1_000_000)
        let shares = (0..<50).map { ResourceShare(budget.account(named: "\($0)")) }
        for purpose in [ResourceBudget.Purpose.growth, .opening] {
            for share in shares {
                while share.takeAll(20_000, for: purpose) {}
            }
        }
        #expect(ResourceShare(budget.account(named: "next")).takeAll(2_000, for: .opening))
    }

    @Test func growthLeavesRoomForOpenings() {
        let budget = ResourceBudget(limit: 1_000_000)
        let shares = (0..<20).map { _ in ResourceShare(budget.account(named: "a")) }
        for share in shares {
            while share.take(1_000, for: .growth) > 0 {}
        }
        #expect(shares[0].room(for: .growth) <= 10_000)
        #expect(shares[0].takeAll(50_000, for: .opening))
    }

    @Test func oneConnectionLeavesSomethingToTheOthersOfItsAccount() {
        let budget = ResourceBudget(limit: 1_000_000)
        let (first, second) = (ResourceShare(budget.account(named: "a")), ResourceShare(budget.account(named: "a")))
        for purpose in [ResourceBudget.Purpose.growth, .opening, .descriptor] {
            while first.take(1_000, for: purpose) > 0 {}
            #expect(second.takeAll(20_000, for: purpose), "\(purpose)")
            first.giveBack(.max)
            second.giveBack(.max)
        }
    }

    @Test func aFleetThatIsOneAccountMayHaveNearlyAllDescriptors() {
        let budget = ResourceBudget(limit: 20_000)
        let devices = (0..<9_000).map { _ in ResourceShare(budget.account(named: "fleet")) }
        for device in devices {
            device.charge(1)
            #expect(device.takeAll(1, for: .descriptor))
        }
        #expect(ResourceShare(budget.account(named: "other")).takeAll(300, for: .descriptor))
    }

    @Test func whatIsNotNeededGoesBackAtOnce() {
        let budget = ResourceBudget(limit: 1_000)
        let share = ResourceShare(budget.account(named: "a"))
        do {
            let reservation = share.reserve(2, for: .descriptor)
            reservation?.shrink(to: 1)
            #expect(budget.used == 1)
            reservation?.shrink(to: 5)
            #expect(budget.used == 1)
            withExtendedLifetime(reservation) {}
        }
        #expect(budget.used == 0)
    }

    @Test func whoHoldsMostIsRefusedFirst() {
        let budget = ResourceBudget(limit: 1_000_000)
        let (large, small) = (
            ResourceShare(budget.account(named: "large")), ResourceShare(budget.account(named: "small"))
        )
        while large.take(1_000, for: .opening) > 0 {}
        #expect(small.takeAll(100_000, for: .opening))
        #expect(budget.takeShortages().map(\.account) == ["large"])
        #expect(budget.takeShortages().isEmpty)
    }

    @Test func whatIsHeldGoesWithTheConnectionToItsAccountAndBackWithItsEnd() {
        let budget = ResourceBudget(limit: 1_000)
        let account = budget.account(named: "a")
        do {
            let share = ResourceShare(budget.account(named: ""))
            share.charge(300)
            share.move(to: account)
            #expect(account.held == 300 && budget.used == 300)
            do {
                let token = share.hold(50)
                #expect(account.held == 350)
                withExtendedLifetime(token) {}
            }
            share.giveBack(100)
            #expect(account.held == 200)
        }
        #expect(account.held == 0 && budget.used == 0)
    }

    @Test func anAccountThatNobodyHoldsIsForgotten() {
        let budget = ResourceBudget(limit: 1_000)
        budget.account(named: "a").charge(10)
        #expect(budget.used == 0)
        let (first, second) = (budget.account(named: "a"), budget.account(named: "a"))
        #expect(first === second)
    }

    @Test func aLowerLimitTakesNothingAwayAndGivesNothing() {
        let budget = ResourceBudget(limit: 1_000)
        let share = ResourceShare(budget.account(named: "a"))
        #expect(share.takeAll(300, for: .opening))
        budget.limit = 100
        #expect(share.take(1, for: .opening) == 0 && share.held == 300)
    }

    @Test func noLimitOverflowsAnything() {
        let budget = ResourceBudget(limit: .max)
        let share = ResourceShare(budget.account(named: "a"))
        #expect(share.take(.max, for: .descriptor) > 0)
        share.giveBack(.max)
        #expect(share.held == 0)
    }

    // MARK: Engines

    private func pair(_ budget: ResourceBudget) throws -> EnginePair {
        let pair = try EnginePair(server: { $0.memoryBudget = budget })
        try pair.logIn()
        return pair
    }

    @Test func aChannelCountsUntilItIsGone() throws {
        let budget = ResourceBudget(limit: 64 * Self.mebibyte)
        let pair = try self.pair(budget)
        let channels = try (0..<4).map { _ in try pair.openChannel() }
        let afterOpening = budget.used
        #expect(afterOpening >= 4 * EngineLimits.channelCost && afterOpening < Self.mebibyte)
        for id in channels { pair.client.send(ByteBuffer(repeating: 1, count: Self.mebibyte), on: id) }
        pair.run()
        // The data was taken as it came: all have an ordinary window.
        #expect(budget.used >= 8 * Self.mebibyte)
        for id in channels { try pair.client.closeChannel(id) }
        pair.run()
        #expect(pair.serverError == nil && pair.clientError == nil)
        #expect(budget.used == 0)
    }

    @Test func stalledChannelsStaySmall() throws {
        let budget = ResourceBudget(limit: 64 * Self.mebibyte)
        let pair = try self.pair(budget)
        pair.delivers = false
        let channels = try (0..<50).map { _ in try pair.openChannel() }
        for id in channels { pair.client.send(ByteBuffer(repeating: 1, count: Self.mebibyte), on: id) }
        pair.run()
        #expect(budget.used <= 50 * (EngineLimits.channelCost + 128 * 1024))
    }

    @Test func withoutRoomChannelsAreRefusedAndTheConnectionLives() throws {
        let budget = ResourceBudget(limit: 4 * Self.mebibyte)
        let pair = try self.pair(budget)
        let kind = ChannelOpen.Kind.directTCPIP(
            TunnelAddresses(host: "localhost", port: 80, originatorAddress: "127.0.0.1", originatorPort: 4711)
        )
        for _ in 0..<500 { _ = try pair.client.openChannel(kind) }
        pair.run()
        let refusals = pair.clientEvents.count { event in
            if case .channelRefused(_, .resourceShortage, _) = event { true } else { false }
        }
        let shortages = pair.serverEvents.count { event in
            if case .channelShortage(.memory) = event { true } else { false }
        }
        #expect((1..<500).contains(refusals) && shortages == refusals)
        #expect(budget.used <= 4 * Self.mebibyte && pair.serverError == nil)
        // Whoever has nothing yet is served.
        let other = try EnginePair(server: { $0.memoryBudget = budget })
        try other.logIn()
        other.server.memory.move(to: budget.account(named: "other"))
        _ = try other.openChannel()
        #expect(other.serverChannel != nil)
    }

    @Test func whatAKeyExchangeHoldsBackCounts() throws {
        let budget = ResourceBudget(limit: 64 * Self.mebibyte)
        let pair = try self.pair(budget)
        try pair.server.transport.startKeyExchange(now: pair.now)
        for _ in 0..<1_000 {
            try pair.server.sendGlobalRequest(
                .other(name: "x", data: ByteBuffer(repeating: 0, count: 200)),
                wantReply: false
            )
        }
        try pair.server.countMemory()
        #expect(budget.used > 200_000)
        pair.run()
        try pair.server.countMemory()
        #expect(budget.used == 0)
    }
}
