import NIOCore
import Testing

@testable import SSHForwarding

struct SocketBacklogTests {
    private static func batch(of backlog: inout SocketBacklog) -> (pieces: [ByteBuffer], byteCount: Int) {
        var pieces: [ByteBuffer] = []
        while let piece = backlog.nextOfBatch() { pieces.append(piece) }
        return (pieces, pieces.reduce(0) { $0 + $1.readableBytes })
    }

    @Test func whatAPieceCausesMayChangeWhatIsLeft() {
        var backlog = SocketBacklog()
        for byte in UInt8(1)...3 { backlog.append(ByteBuffer(repeating: byte, count: 10)) }
        #expect(backlog.nextOfBatch() == ByteBuffer(repeating: 1, count: 10))
        // Came while the first piece was written.
        backlog.appendWaiting(ByteBuffer(repeating: 4, count: 10))
        for byte in UInt8(2)...4 { #expect(backlog.nextOfBatch() == ByteBuffer(repeating: byte, count: 10)) }
        backlog.appendWaiting(ByteBuffer(repeating: 5, count: 10))
        #expect(backlog.nextOfBatch() == ByteBuffer(repeating: 5, count: 10))
        #expect(backlog.nextOfBatch() == nil && backlog.isEmpty)
        // The socket was lost while a piece was written.
        backlog.append(ByteBuffer(repeating: 6, count: 10))
        backlog.append(ByteBuffer(repeating: 7, count: 10))
        _ = backlog.nextOfBatch()
        backlog.removeAll()
        #expect(backlog.nextOfBatch() == nil && backlog.isEmpty)
    }

    @Test func bytesThatWaitDoNotKeepTheBufferTheyCameIn() {
        var backlog = SocketBacklog()
        let read = ByteBuffer(repeating: 7, count: 1_000_000)
        for offset in 0..<1_000 {
            backlog.appendWaiting(read.getSlice(at: offset, length: 1) ?? ByteBuffer())
        }
        let (pieces, count) = Self.batch(of: &backlog)
        #expect(count == 1_000 && pieces.count == 1)
        #expect(pieces.allSatisfy { $0.storageCapacity < 10_000 })
        #expect(backlog.isEmpty)
    }

    @Test func aPieceOfALargeReadThatWaitsIsCopied() {
        var backlog = SocketBacklog()
        let read = ByteBuffer(repeating: 7, count: 512 * 1024)
        for offset in [0, 32_768] { backlog.appendWaiting(read.getSlice(at: offset, length: 32_768) ?? ByteBuffer()) }
        backlog.appendWaiting(read)
        let (pieces, count) = Self.batch(of: &backlog)
        #expect(count == 65_536 + 512 * 1024)
        #expect(pieces.allSatisfy { $0.storageCapacity <= 2 * $0.readableBytes })
    }

    @Test func orderIsKeptWhateverTheSizes() {
        var backlog = SocketBacklog()
        var expected: [UInt8] = []
        for (index, size) in [1, 20_000, 3, 3, 300_000, 70, 16_384, 16_383, 16_383, 16_383, 16_383, 16_383].enumerated()
        {
            let bytes = [UInt8](repeating: UInt8(index), count: size)
            expected += bytes
            if index % 5 == 1 {
                backlog.append(ByteBuffer(bytes: bytes))
            } else {
                backlog.appendWaiting(ByteBuffer(bytes: bytes))
            }
        }
        var seen: [UInt8] = []
        var batches = 0
        while !backlog.isEmpty {
            let (pieces, count) = Self.batch(of: &backlog)
            #expect(pieces.reduce(0) { $0 + $1.readableBytes } == count)
            for piece in pieces { seen += piece.readableBytesView }
            batches += 1
        }
        #expect(seen == expected && batches == 2)
    }
}
