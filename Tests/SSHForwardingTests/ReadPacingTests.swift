import NIOCore
import Testing

@testable import SSHForwarding

struct ReadPacingTests {
    /// Reads of the same size at the same distance; how many of the last sixteen are followed by a pause.
    private func pauses(_ pacing: inout ReadPacing, bytes: Int, every interval: TimeAmount, from: Int64 = 0) -> Int {
        var now = NIODeadline.uptimeNanoseconds(1_000_000_000) + .seconds(from)
        var pauses = 0
        for read in 0..<64 {
            let pause = pacing.pause(afterReading: bytes, now: now, besideConversation: false)
            if pause != nil, read >= 48 { pauses += 1 }
            now = now + interval
        }
        return pauses
    }

    @Test func aFastPeerThatSendsPacketByPacketIsPaced() {
        var pacing = ReadPacing()
        #expect(self.pauses(&pacing, bytes: 32_804, every: .microseconds(40)) == 16)
    }

    @Test func whatComesInLargePiecesIsNot() {
        var pacing = ReadPacing()
        #expect(self.pauses(&pacing, bytes: 256 * 1024, every: .microseconds(300)) == 0)
    }

    @Test func whatAPauseWouldNotGatherIsNot() {
        var pacing = ReadPacing()
        // A gigabit network, and a conversation.
        #expect(self.pauses(&pacing, bytes: 32_804, every: .microseconds(280)) == 0)
        #expect(self.pauses(&pacing, bytes: 100, every: .microseconds(5), from: 1) == 0)
    }

    @Test func itEndsWhenPausesBringNoMore() {
        var pacing = ReadPacing()
        #expect(self.pauses(&pacing, bytes: 32_804, every: .microseconds(40)) == 16)
        // Who asks, and waits for an answer before asking again, is as slow as our pauses.
        #expect(self.pauses(&pacing, bytes: 32_804, every: .microseconds(530), from: 1) == 0)
    }

    @Test func aLargeReadIsNotFollowedByAPause() {
        var pacing = ReadPacing()
        #expect(self.pauses(&pacing, bytes: 32_804, every: .microseconds(40)) == 16)
        let later = NIODeadline.uptimeNanoseconds(2_000_000_000)
        #expect(pacing.pause(afterReading: 400_000, now: later, besideConversation: false) == nil)
    }

    @Test func besideAConversationAPauseIsShort() {
        var pacing = ReadPacing()
        #expect(self.pauses(&pacing, bytes: 32_804, every: .microseconds(40)) == 16)
        let later = NIODeadline.uptimeNanoseconds(2_000_000_000)
        let long = pacing.pause(afterReading: 32_804, now: later, besideConversation: false)
        let short = pacing.pause(afterReading: 32_804, now: later, besideConversation: true)
        #expect(short == .microseconds(100) && long == .microseconds(500))
    }
}
