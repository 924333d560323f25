import NIOCore
import Testing

@testable import SSHProtocol

struct RoundTripTests {
    private let start = NIODeadline.uptimeNanoseconds(1)
    private let enough = 64 * 1024

    @Test func fewBytesAreNoReasonToAsk() {
        var roundTrip = RoundTrip()
        let asks1 = roundTrip.asks(delivered: 60 * 1024, now: self.start)
        #expect(!asks1)
        let asks2 = roundTrip.asks(delivered: 4 * 1024, now: self.start)
        #expect(asks2)
    }

    @Test func theLeastAnswerCounts() {
        var roundTrip = RoundTrip()
        for milliseconds: Int64 in [30, 10, 20] {
            let asks3 = roundTrip.asks(delivered: self.enough, now: self.start)
            #expect(asks3)
            roundTrip.answered(now: self.start + .milliseconds(milliseconds))
        }
        #expect(roundTrip.least == .milliseconds(10))
    }

    @Test func theFirstWordOnAChannelAnswersItsOpening() {
        var roundTrip = RoundTrip()
        let (first, second) = (ChannelID(number: 0, serial: 0), ChannelID(number: 1, serial: 1))
        roundTrip.opens(first, lastReceived: self.start)
        roundTrip.outputLeaves(now: self.start)
        // One at a time, and only as long as that one has not been silent for long.
        roundTrip.opens(second, lastReceived: self.start)
        roundTrip.hears(of: second, now: self.start + .milliseconds(1))
        #expect(roundTrip.least == nil)
        roundTrip.outputLeaves(now: self.start + .milliseconds(5))
        roundTrip.hears(of: first, now: self.start + .milliseconds(20))
        roundTrip.hears(of: first, now: self.start + .milliseconds(21))
        #expect(roundTrip.least == .milliseconds(20))
        roundTrip.opens(first, lastReceived: self.start)
        roundTrip.outputLeaves(now: self.start)
        roundTrip.opens(second, lastReceived: self.start + .seconds(1))
        roundTrip.outputLeaves(now: self.start + .seconds(1))
        roundTrip.hears(of: second, now: self.start + .seconds(1) + .milliseconds(3))
        #expect(roundTrip.least == .milliseconds(3))
    }

    @Test func aPeerThatDoesNotAnswerIsNotAskedAgain() {
        var roundTrip = RoundTrip()
        let asks4 = roundTrip.asks(delivered: self.enough, now: self.start)
        #expect(asks4)
        let asks5 = roundTrip.asks(delivered: .max - self.enough, now: self.start + .hours(1))
        #expect(!asks5)
        #expect(roundTrip.least == nil)
    }

    @Test func afterAFewAnswersItIsAskedOnceASecond() {
        var roundTrip = RoundTrip()
        for _ in 0..<4 {
            let asks6 = roundTrip.asks(delivered: self.enough, now: self.start)
            #expect(asks6)
            roundTrip.answered(now: self.start)
        }
        let asks7 = roundTrip.asks(delivered: self.enough, now: self.start + .milliseconds(999))
        #expect(!asks7)
        let asks8 = roundTrip.asks(delivered: 0, now: self.start + .seconds(1))
        #expect(asks8)
    }
}
