import NIOCore
import SSHWire
import Testing

@testable import SSHProtocol

struct LivenessTests {
    private func pair(count: Int?) throws -> EnginePair {
        let pair = try EnginePair(server: { $0.keepalive = Keepalive(interval: .seconds(15), countMaximum: count) })
        try pair.logIn()
        return pair
    }

    private func passTime(_ pair: EnginePair) throws {
        pair.now = pair.now + .seconds(15)
        try pair.server.advance(now: pair.now)
    }

    @Test func aPeerThatAnswersStays() throws {
        let pair = try self.pair(count: 3)
        for _ in 0..<20 {
            try self.passTime(pair)
            pair.run()
        }
        #expect(pair.serverError == nil && pair.clientError == nil)
    }

    @Test func aSilentPeerIsGoneAfterThreeQuestions() throws {
        let pair = try self.pair(count: 3)
        for _ in 0..<3 { try self.passTime(pair) }
        #expect(throws: SSHError.self) { try self.passTime(pair) }
    }

    @Test func aCountOfZeroEndsAConnectionAfterTheFirstSilentInterval() throws {
        let pair = try self.pair(count: 0)
        #expect(throws: SSHError.self) { try self.passTime(pair) }
    }

    @Test func withoutACountNoConnectionEnds() throws {
        let pair = try self.pair(count: nil)
        for _ in 0..<200 { try self.passTime(pair) }
        #expect(!pair.serverIsClosed)
    }

    @Test func anyDataIsASignOfLife() throws {
        let pair = try self.pair(count: 1)
        for _ in 0..<10 {
            try self.passTime(pair)
            try pair.send(Unimplemented(sequenceNumber: 0), from: .client)
        }
        #expect(pair.serverError == nil)
    }
}
