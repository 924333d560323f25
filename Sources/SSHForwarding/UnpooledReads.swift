import NIOCore

/// Buffers for reads, as large as the last reads suggest, that nobody keeps: what was allocated for a fast socket must not stay
/// with an idle one.
struct UnpooledReads: RecvByteBufferAllocator {
    private var sizes: AdaptiveRecvByteBufferAllocator

    init(initial: Int, maximum: Int) {
        self.sizes = AdaptiveRecvByteBufferAllocator(minimum: 1024, initial: initial, maximum: maximum)
    }

    func buffer(allocator: ByteBufferAllocator) -> ByteBuffer {
        self.sizes.buffer(allocator: allocator)
    }

    /// A socket keeps its buffer for the next read if it is told that read's size.
    func nextBufferSize() -> Int? { nil }

    /// Always true: whenever a buffer may not grow, a socket goes back to the first that it was given, small as that was.
    mutating func record(actualReadBytes: Int) -> Bool {
        _ = self.sizes.record(actualReadBytes: actualReadBytes)
        return true
    }
}
