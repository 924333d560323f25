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

    // MARK: A time for the answer that follows from those before

    private static let keepalive = Keepalive(
        interval: .seconds(6),
        answerTime: TimeAmount.seconds(4)...TimeAmount.seconds(6)
    )
    private let start = NIODeadline.uptimeNanoseconds(0) + .hours(1)

    /// How long after its last word a peer is given up whose answers have always taken so long.
    private func timeToGiveUp(answers: TimeAmount, count: Int) throws -> TimeAmount {
        var now = self.start
        var liveness = Liveness(Self.keepalive, now: now)
        for _ in 0..<count {
            now = try #require(liveness.nextDeadline)
            #expect(try liveness.advance(now: now))
            liveness.asked(now: now)
            // Nothing is asked twice.
            #expect(try !liveness.advance(now: now + .milliseconds(1)))
            now = now + answers
            liveness.heard(now: now)
            liveness.answered(now: now)
        }
        let last = now
        now = try #require(liveness.nextDeadline)
        #expect(try liveness.advance(now: now))
        liveness.asked(now: now)
        now = try #require(liveness.nextDeadline)
        #expect(throws: SSHError.self) { try liveness.advance(now: now) }
        return now - last
    }

    @Test func aNearPeerIsGivenUpAfterTenSeconds() throws {
        #expect(try self.timeToGiveUp(answers: .milliseconds(80), count: 5) == .seconds(10))
    }

    @Test func withoutAnAnswerYetTheLongestTimeHolds() throws {
        #expect(try self.timeToGiveUp(answers: .seconds(0), count: 0) == .seconds(12))
    }

    @Test func aPeerWhoseAnswersTakeLongGetsLonger() throws {
        let far = try self.timeToGiveUp(answers: .seconds(3), count: 100)
        #expect(far >= .seconds(12) && far < .seconds(14))
        #expect(try self.timeToGiveUp(answers: .seconds(1000), count: 3) == .seconds(36))
    }

    @Test func anyWordEndsTheWaiting() throws {
        var liveness = Liveness(Self.keepalive, now: self.start)
        #expect(try liveness.advance(now: self.start + .seconds(6)))
        liveness.heard(now: self.start + .seconds(9))
        #expect(try !liveness.advance(now: self.start + .seconds(11)))
        #expect(liveness.nextDeadline == self.start + .seconds(15))
    }

    @Test func anEngineMeasuresItsPeersAnswers() throws {
        let pair = try EnginePair(server: { $0.keepalive = Self.keepalive })
        try pair.logIn()
        for _ in 0..<5 {
            pair.now = pair.now + .seconds(6)
            try pair.server.advance(now: pair.now)
            pair.run()
        }
        pair.now = pair.now + .seconds(6)
        try pair.server.advance(now: pair.now)
        // Five answers that took no time: the least of the bounds holds.
        pair.now = pair.now + .seconds(4)
        #expect(throws: SSHError.self) { try pair.server.advance(now: pair.now) }
    }
}
