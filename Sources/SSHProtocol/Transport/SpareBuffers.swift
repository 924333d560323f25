public import NIOCore

/// Small buffers that the connections of one event loop lend each other: a keepalive of an idle connection asks for no memory,
/// and an idle connection holds none.
///
/// All calls come on one thread.
public final class SpareBuffers {
    /// What one read of a socket brought.
    public var read = SpareBuffer(count: 1)
    /// Sealed packets; those of connections that were heard together leave together.
    public var output = SpareBuffer(count: 64)
    /// The payload that was opened last.
    var payload = SpareBuffer(count: 1)
    /// The message that was written last.
    var message = SpareBuffer(count: 1)

    public init() {}
}

/// Buffers that somebody has used, for whoever comes next.
public struct SpareBuffer {
    /// A larger one is not kept.
    public static let largest = 2048

    private let count: Int
    private var buffers: [ByteBuffer] = []

    /// - Parameter count: so many are kept.
    init(count: Int) {
        self.count = count
    }

    /// An empty buffer of at least that capacity. While somebody holds a part of the one that was kept, it is a new one.
    public mutating func take(capacity: Int) -> ByteBuffer {
        guard capacity <= Self.largest, var taken = self.buffers.popLast() else {
            return ByteBufferAllocator().buffer(capacity: capacity)
        }
        taken.clear(minimumCapacity: capacity)
        return taken
    }

    /// Parts of it may still be in use elsewhere.
    public mutating func keep(_ used: ByteBuffer) {
        guard (1...Self.largest).contains(used.storageCapacity), self.buffers.count < self.count else { return }
        self.buffers.append(used)
    }
}
