import NIOCore
import Testing

@testable import SSHForwarding

@Suite struct UnpooledReadsTests {
    private static func capacity(of pool: inout NIOPooledRecvBufferAllocator, fillingUpTo limit: Int) -> Int {
        let (buffer, _) = pool.buffer(allocator: ByteBufferAllocator()) { buffer in
            let count = min(limit, buffer.writableBytes)
            buffer.writeRepeatingByte(1, count: count)
        }
        pool.record(actualReadBytes: buffer.readableBytes)
        return buffer.capacity
    }

    @Test func aBusySocketKeepsItsLargestBuffer() {
        var pool = NIOPooledRecvBufferAllocator(
            capacity: 1,
            recvAllocator: UnpooledReads(initial: 2048, maximum: 65536)
        )
        let capacities = (0..<20).map { _ in Self.capacity(of: &pool, fillingUpTo: .max) }
        #expect(capacities.first == 2048)
        #expect(capacities.dropFirst(5).allSatisfy { $0 == 65536 })
    }

    @Test func aSlowSocketGoesBackToSmallBuffers() {
        var pool = NIOPooledRecvBufferAllocator(
            capacity: 1,
            recvAllocator: UnpooledReads(initial: 2048, maximum: 65536)
        )
        for _ in 0..<10 { _ = Self.capacity(of: &pool, fillingUpTo: .max) }
        for _ in 0..<20 { _ = Self.capacity(of: &pool, fillingUpTo: 36) }
        #expect(Self.capacity(of: &pool, fillingUpTo: 36) == 1024)
    }

    /// The first buffer stays with the socket for good.
    @Test func theFirstBufferMayBeSmaller() {
        let allocator = UnpooledReads(first: 256, initial: 2048, maximum: 65536)
        var pool = NIOPooledRecvBufferAllocator(capacity: 1, recvAllocator: allocator)
        #expect(Self.capacity(of: &pool, fillingUpTo: .max) == 256)
        #expect(Self.capacity(of: &pool, fillingUpTo: .max) == 2048)
        #expect(Self.capacity(of: &pool, fillingUpTo: .max) == 4096)
    }
}
