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
