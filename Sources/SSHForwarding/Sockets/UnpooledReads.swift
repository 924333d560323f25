import NIOCore
import SSHProtocol

/// Buffers for reads, as large as the last reads suggest, that nobody keeps: what was allocated for a fast socket must not stay
/// with an idle one.
struct UnpooledReads: RecvByteBufferAllocator {
    private var sizes: AdaptiveRecvByteBufferAllocator
    /// The size of the first buffer, which the socket keeps for as long as it lives; nil once there has been one.
    private var first: Int?

    /// The largest buffer.
    let maximum: Int

    private static let minimum = 1024

    /// - Parameter first: the size of the first buffer, if it is to be another than that of the next.
    init(first: Int? = nil, initial: Int, maximum: Int) {
        self.first = first
        self.maximum = maximum
        self.sizes = AdaptiveRecvByteBufferAllocator(minimum: Self.minimum, initial: initial, maximum: maximum)
    }

    func buffer(allocator: ByteBufferAllocator) -> ByteBuffer {
        if let first = self.first { return allocator.buffer(capacity: first) }
        if let size = self.sizes.nextBufferSize(), size <= SpareBuffer.largest {
            return SpareBuffers.ofThisThread.read.take(capacity: size)
        }
        return self.sizes.buffer(allocator: allocator)
    }

    /// A socket keeps its buffer for the next read if it is told that read's size.
    func nextBufferSize() -> Int? { nil }

    /// Always true: whenever a buffer may not grow, a socket goes back to the first that it was given, small as that was.
    mutating func record(actualReadBytes: Int) -> Bool {
        guard self.first == nil else {
            self.first = nil
            return true
        }
        _ = self.sizes.record(actualReadBytes: actualReadBytes)
        return true
    }
}
