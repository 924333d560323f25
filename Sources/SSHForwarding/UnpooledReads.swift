import NIOCore
import SSHProtocol

/// Buffers for reads, as large as the last reads suggest, that nobody keeps: what was allocated for a fast socket must not stay
/// with an idle one.
struct UnpooledReads: RecvByteBufferAllocator {
    private var sizes: AdaptiveRecvByteBufferAllocator
    /// The size of the first buffer, which the socket keeps for as long as it lives; nil once there has been one.
    private var first: Int?
    private let maximum: Int
    /// For sockets that fill the largest buffer, if there is a permit.
    private let large: (size: Int, permits: BulkPermits)?
    private var permit: BulkPermits.Permit?

    private static let minimum = 1024

    /// - Parameters:
    ///   - first: the size of the first buffer, if it is to be another than that of the next.
    ///   - large: what a busy socket's buffers may grow to as long as it holds a permit.
    init(first: Int? = nil, initial: Int, maximum: Int, large: (size: Int, permits: BulkPermits)? = nil) {
        self.first = first
        self.maximum = maximum
        self.large = large
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
        if self.permit == nil, actualReadBytes >= self.maximum { self.enlarge() }
        _ = self.sizes.record(actualReadBytes: actualReadBytes)
        if self.permit != nil, let next = self.sizes.nextBufferSize(), next < self.maximum { self.shrink(to: next) }
        return true
    }

    private mutating func enlarge() {
        guard let large = self.large, let permit = large.permits.take() else { return }
        self.permit = permit
        self.sizes = AdaptiveRecvByteBufferAllocator(
            minimum: Self.minimum,
            initial: self.maximum,
            maximum: large.size
        )
    }

    private mutating func shrink(to size: Int) {
        self.permit = nil
        self.sizes = AdaptiveRecvByteBufferAllocator(minimum: Self.minimum, initial: size, maximum: self.maximum)
    }
}
