import NIOCore
import Testing

@testable import SSHServer

struct AnswerPaceTests {
    /// Milliseconds after the request: how long the work took, and when the answer leaves.
    @Test(arguments: [
        (0, 10), (1, 10), (9, 10), (10, 10), (11, 20), (20, 20), (21, 40), (79, 80), (81, 160), (4999, 5120),
        (6000, 6000),
    ])
    func answersLeaveAtFewTimesWhateverTheyTook(_ took: Int64, _ leaves: Int64) {
        let arrival = NIODeadline.uptimeNanoseconds(1_000_000_000)
        let deadline = AnswerPace.deadline(
            step: .milliseconds(10),
            arrival: arrival,
            now: arrival + .milliseconds(took)
        )
        #expect(deadline == arrival + .milliseconds(leaves))
    }
}
