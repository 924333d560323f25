import NIOCore
import SSHWire
import Testing

struct ReconnectHintTests {
    @Test func whatIsWrittenIsReadAgain() throws {
        let hint = ReconnectHint(seconds: 7)
        #expect(Array(hint.data.readableBytesView) == [0, 0, 0, 7])
        #expect(try ReconnectHint(hint.data) == hint)
    }

    @Test func nobodyIsKeptAwayForLongerThanAMinute() throws {
        #expect(try ReconnectHint(ByteBuffer(bytes: [255, 255, 255, 255])).seconds == 60)
        #expect(ReconnectHint(seconds: 61).seconds == 60)
    }

    @Test(arguments: 0..<4) func lessThanANumberIsNoHint(_ length: Int) {
        #expect(throws: SSHError.self) { try ReconnectHint(ByteBuffer(repeating: 0, count: length)) }
    }
}
