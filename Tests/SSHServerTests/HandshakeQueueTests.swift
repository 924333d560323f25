import Testing

@testable import SSHServer

struct HandshakeQueueTests {
    private func source(_ address: String) -> ClientSource { ClientSource(address, NetBlockSize(ipv4: 32, ipv6: 128)) }

    /// Asks for more than are given at once.
    private func fill(_ queue: inout HandshakeQueue, now: Double = 0) -> UInt64 {
        var id: UInt64 = 1_000_000
        while queue.ask(id, of: self.source("203.0.113.1"), isKnown: false, now: now) { id += 1 }
        queue.leave(id)
        return id - 1_000_000
    }

    @Test func whoFindsThePlaceFreeWaitsForNothing() {
        var queue = HandshakeQueue(cores: 2)
        #expect(queue.ask(1, of: self.source("192.0.2.1"), isKnown: false, now: 0) == true)
        #expect(queue.underWayCount == 1 && queue.waitingCount == 0)
    }

    @Test func sourcesTakeTurnsHoweverManyWaitInEach() {
        var queue = HandshakeQueue(cores: 1)
        _ = self.fill(&queue)
        for id in UInt64(0)..<100 {
            #expect(queue.ask(id, of: self.source("192.0.2.1"), isKnown: false, now: 0) == false)
        }
        for id in UInt64(100)..<103 {
            #expect(queue.ask(id, of: self.source("192.0.2.2"), isKnown: false, now: 0) == false)
        }
        var given: [UInt64] = []
        var now = 0.0
        while given.count < 8 {
            now += 0.0001
            if let id = queue.next(now: now) { given.append(id) }
        }
        #expect(given == [0, 100, 1, 101, 2, 102, 3, 4])
    }

    @Test func addressesOfOneNetworkAreOneSource() {
        var queue = HandshakeQueue(cores: 1)
        _ = self.fill(&queue)
        for id in 0..<20 { _ = queue.ask(UInt64(id), of: self.source("2001:db8::\(id)"), isKnown: false, now: 0) }
        _ = queue.ask(99, of: self.source("2001:db8:0:1::1"), isKnown: false, now: 0)
        #expect(queue.next(now: 1) == 0)
        #expect(queue.next(now: 1) == 99)
    }

    @Test func knownSourcesComeFirstAndStrangersAreNotForgotten() {
        var queue = HandshakeQueue(cores: 1)
        _ = self.fill(&queue)
        for id in 0..<10 { _ = queue.ask(UInt64(id), of: self.source("192.0.2.1"), isKnown: false, now: 0) }
        for id in 10..<20 { _ = queue.ask(UInt64(id), of: self.source("192.0.2.2"), isKnown: true, now: 0) }
        let given = (0..<8).compactMap { _ in queue.next(now: 1) }
        #expect(given == [10, 11, 12, 0, 13, 14, 15, 1])
    }

    @Test func noMoreAreUnderWayThanTheCoresDoInAMoment() {
        var queue = HandshakeQueue(cores: 2)
        var now = 0.0
        for id in 0..<20_000 {
            now += 0.0001
            _ = queue.ask(UInt64(id), of: self.source("192.0.2.1"), isKnown: false, now: now)
            while queue.next(now: now) != nil {}
        }
        now += 100
        while queue.next(now: now) != nil { now += 1 }
        #expect(queue.underWayCount == queue.places)
        #expect(queue.places == 3000)
        queue.leave(0)
        #expect(queue.next(now: now + 1) != nil)
    }

    @Test func slowerHandshakesHaveFewerPlaces() {
        var queue = HandshakeQueue(cores: 2)
        for _ in 0..<200 { queue.measured(0.01) }
        #expect((250...350).contains(queue.places))
        for _ in 0..<200 { queue.measured(0.000_5) }
        #expect((5000...7000).contains(queue.places))
        queue.measured(3600)
        #expect(queue.places > 3000)
    }

    @Test func beginningsAreSpreadOverTimeSoThatTunnelsHaveTheirTurns() {
        var queue = HandshakeQueue(cores: 1)
        for id in 0..<5000 { _ = queue.ask(UInt64(id), of: self.source("192.0.2.1"), isKnown: false, now: 0) }
        #expect(queue.underWayCount <= 20)
        var given = 0
        while queue.next(now: 0.1) != nil { given += 1 }
        #expect(given <= 20)
    }

    @Test func whoIsGoneIsPassedOver() {
        var queue = HandshakeQueue(cores: 1)
        _ = self.fill(&queue)
        for id in 0..<3 { _ = queue.ask(UInt64(id), of: self.source("192.0.2.1"), isKnown: false, now: 0) }
        queue.leave(0)
        queue.leave(1)
        #expect(queue.next(now: 1) == 2)
        #expect(queue.next(now: 2) == nil)
    }
}
