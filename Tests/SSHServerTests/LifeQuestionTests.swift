import NIOCore
import Testing

@testable import SSHServer

/// When a connection that was asked for a sign of life counts as there, and when as silent.
struct LifeQuestionTests {
    private let asked = NIODeadline.uptimeNanoseconds(60_000_000_000)
    private var question: LifeQuestion { LifeQuestion(asked: self.asked) }

    @Test func whatWasHeardBeforeTheQuestionIsNoAnswer() {
        for heard in [self.asked - .seconds(30), self.asked] {
            #expect(self.question.sign(lastHeard: heard, now: self.asked + .seconds(2)) == nil)
            #expect(self.question.sign(lastHeard: heard, now: self.asked + .seconds(3)) == .silent)
        }
    }

    @Test func anyByteAfterTheQuestionIsAnAnswerHoweverLateItIsLookedFor() {
        let heard = self.asked + .nanoseconds(1)
        #expect(self.question.sign(lastHeard: heard, now: heard) == .alive)
        #expect(self.question.sign(lastHeard: heard, now: self.asked + .hours(1)) == .alive)
    }

    @Test func aPeerHasAboutThreeSeconds() {
        #expect(LifeQuestion.patience == .seconds(3))
        #expect(self.question.sign(lastHeard: self.asked, now: self.asked + .milliseconds(2_999)) == nil)
    }
}
