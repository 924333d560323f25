import NIOCore
import SSHWire
import Testing

@testable import SSHProtocol

struct WindowBudgetTests {
    private static let mebibyte = 1024 * 1024

    @Test func laterComersFindSomethingLeft() {
        let budget = WindowBudget(bytes: 1_000)
        let (first, second) = (WindowShare(budget), WindowShare(budget))
        #expect(first.take(400) == 400)
        #expect(first.take(400) == 100)
        #expect(first.take(400) == 0)
        #expect(second.take(400) == 250)
        #expect(budget.taken == 750)
    }

    @Test func aShareGoesBackWithItsConnection() {
        let budget = WindowBudget(bytes: 1_000)
        var share: WindowShare? = WindowShare(budget)
        #expect(share?.take(300) == 300)
        share?.giveBack(100)
        #expect(budget.taken == 200)
        share?.giveBack(.max)
        #expect(budget.taken == 0)
        #expect(share?.take(300) == 300)
        share = nil
        #expect(budget.taken == 0)
    }

    @Test func manyChannelsOfOneConnectionStayInItsShareAndGiveItBack() throws {
        let budget = WindowBudget(bytes: Self.mebibyte)
        let pair = try EnginePair(server: {
            $0.windowBudget = budget
            $0.limits.channelWindow = 64 * 1024
        })
        try pair.logIn()
        // The server has found the client to be 100 ms away.
        let channels = try (0..<4).map { _ in try pair.openChannel() }
        pair.server.roundTrip = RoundTrip()
        for _ in 0..<4 {
            let asks = pair.server.roundTrip.asks(delivered: Self.mebibyte, now: pair.now)
            #expect(asks)
            pair.server.roundTrip.answered(now: pair.now + .milliseconds(100))
        }
        for _ in 0..<6 {
            for id in channels { pair.client.send(ByteBuffer(repeating: 1, count: Self.mebibyte / 2), on: id) }
            pair.run()
            pair.now = pair.now + .milliseconds(100)
        }
        #expect(budget.taken > Self.mebibyte / 4 && budget.taken <= Self.mebibyte / 2)
        for id in channels { try pair.client.closeChannel(id) }
        pair.run()
        #expect(pair.serverError == nil && pair.clientError == nil)
        #expect(budget.taken == 0)
    }
}
