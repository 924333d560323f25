import NIOCore
import Testing

@testable import SSHProtocol

@Suite struct SpareBuffersTests {
    private static func address(of buffer: ByteBuffer) -> UnsafeRawPointer? {
        buffer.withVeryUnsafeBytes { $0.baseAddress }
    }

    @Test func whatNobodyHoldsIsUsedAgain() {
        var spare = SpareBuffer(count: 1)
        var buffer = spare.take(capacity: 100)
        buffer.writeString("something")
        let address = Self.address(of: buffer)
        spare.keep(buffer)
        buffer = ByteBuffer()
        let again = spare.take(capacity: 64)
        #expect(again.readableBytes == 0 && Self.address(of: again) == address)
    }

    @Test func whatSomebodyHoldsStaysAsItIs() {
        var spare = SpareBuffer(count: 1)
        var first = spare.take(capacity: 100)
        first.writeString("something")
        let slice = first.getSlice(at: 4, length: 5)
        spare.keep(first)
        first = ByteBuffer()
        var second = spare.take(capacity: 100)
        second.writeString("other text")
        #expect(slice == ByteBuffer(string: "thing"))
    }

    @Test func largeBuffersAndTooManyAreNotKept() {
        var spare = SpareBuffer(count: 1)
        let large = ByteBuffer(repeating: 0, count: SpareBuffer.largest + 1)
        spare.keep(large)
        let small = spare.take(capacity: 1)
        #expect(Self.address(of: small) != Self.address(of: large))
        var (one, two) = (ByteBuffer(string: "1"), ByteBuffer(string: "2"))
        let address = Self.address(of: one)
        spare.keep(one)
        spare.keep(two)
        (one, two) = (ByteBuffer(), ByteBuffer())
        let again = spare.take(capacity: 1)
        #expect(Self.address(of: again) == address)
    }

    @Test func connectionsThatShareBuffersDoNotSeeEachOthersBytes() throws {
        let spare = SpareBuffers()
        let pairs = try (1...4).map { try EnginePair(seed: $0, cut: $0 % 2 == 0) }
        for pair in pairs {
            pair.client.use(spare)
            pair.server.use(spare)
            try pair.logIn()
        }
        let channels = try pairs.map { try $0.openChannel() }
        for round in 0..<20 {
            for (index, pair) in pairs.enumerated() {
                let bytes = [UInt8].pattern(1 + 97 * round, seed: UInt64(index))
                pair.client.send(ByteBuffer(bytes: bytes), on: channels[index])
                // Sealed, and still there when the others have sent theirs.
                pair.collectOutput()
            }
            for pair in pairs { pair.run() }
        }
        for (index, pair) in pairs.enumerated() {
            let sent = (0..<20).flatMap { [UInt8].pattern(1 + 97 * $0, seed: UInt64(index)) }
            let channel = try #require(pair.serverChannel)
            #expect(pair.receivedByServer[channel.number] == sent)
            #expect(pair.serverError == nil && pair.clientError == nil)
        }
    }
}
