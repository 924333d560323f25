public import NIOCore
import Synchronization

/// A limit that tunnels of many connections, on any event loops, share. Each direction has a bucket of its own.
public final class RateLimiter: Sendable {
    public enum Direction: Sendable {
        /// From a tunnel's socket into its channel.
        case toPeer
        /// From the channel to the socket.
        case fromPeer
    }

    public let limit: RateLimit
    private let buckets: Mutex<(toPeer: RateBucket, fromPeer: RateBucket)>

    public init(_ limit: RateLimit, now: NIODeadline) {
        self.limit = limit
        self.buckets = Mutex((RateBucket(limit, now: now), RateBucket(limit, now: now)))
    }

    /// Nothing has moved for so long that a new limiter would be the same.
    public func isUnused(now: NIODeadline) -> Bool {
        self.buckets.withLock { $0.toPeer.isFull(now: now) && $0.fromPeer.isFull(now: now) }
    }

    func piece(_ direction: Direction, now: NIODeadline) -> Int {
        self.withBucket(direction) { $0.piece(now: now) }
    }

    func take(_ count: Int, _ direction: Direction, now: NIODeadline) -> NIODeadline {
        self.withBucket(direction) { $0.take(count, now: now) }
    }

    func giveBack(_ count: Int, _ direction: Direction) {
        self.withBucket(direction) { $0.giveBack(count) }
    }

    private func withBucket<Result: Sendable>(_ direction: Direction, _ body: (inout RateBucket) -> Result) -> Result {
        self.buckets.withLock { buckets in
            switch direction {
            case .toPeer: body(&buckets.toPeer)
            case .fromPeer: body(&buckets.fromPeer)
            }
        }
    }
}
