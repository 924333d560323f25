import DequeModule
import NIOCore

/// One direction of a socket under limits: what has come waits here until every limiter lets it leave.
///
/// It takes one piece at a time from the limiters, and the next when that has left. Everything happens on one event loop.
final class PacedQueue {
    private struct Entry {
        var data: ByteBuffer
        let promise: EventLoopPromise<Void>?
    }

    private let direction: RateLimiter.Direction
    private let eventLoop: any EventLoop
    /// Takes what may leave; the promise comes with the last of what it was given for.
    private let release: (ByteBuffer, EventLoopPromise<Void>?) -> Void
    /// Called after a piece has left.
    private let hasReleased: () -> Void
    var limiters: [RateLimiter] {
        willSet { self.giveBack() }
        didSet { self.resume() }
    }
    private var entries = Deque<Entry>()
    private var byteCount = 0
    /// What was taken from the limiters and waits for its time.
    private var taken = 0
    private var timer: Scheduled<Void>?
    private var isReleasing = false

    var isEmpty: Bool { self.entries.isEmpty }

    init(
        _ limiters: [RateLimiter],
        _ direction: RateLimiter.Direction,
        on eventLoop: any EventLoop,
        release: @escaping (ByteBuffer, EventLoopPromise<Void>?) -> Void,
        hasReleased: @escaping () -> Void
    ) {
        self.limiters = limiters
        self.direction = direction
        self.eventLoop = eventLoop
        self.release = release
        self.hasReleased = hasReleased
    }

    /// Queues data; `resume` at the end of the batch lets it leave.
    func append(_ data: ByteBuffer, _ promise: EventLoopPromise<Void>? = nil) {
        self.byteCount += data.readableBytes
        self.entries.append(Entry(data: data, promise: promise))
    }

    /// Lets leave what may leave now, and comes back for the rest.
    func resume() {
        guard !self.isReleasing, self.timer == nil else { return }
        self.isReleasing = true
        while self.timer == nil, !self.isEmpty {
            let now = self.eventLoop.now
            let count = self.limiters.reduce(self.byteCount) { min($0, $1.piece(self.direction, now: now)) }
            let deadline = self.limiters.reduce(now) { max($0, $1.take(count, self.direction, now: now)) }
            self.taken = count
            if deadline <= now { self.leave() } else { self.wait(until: deadline) }
        }
        self.isReleasing = false
    }

    /// Lets everything leave at once: there is no later. The limiters count it all the same.
    func releaseAll() {
        self.giveBack()
        for limiter in self.limiters { _ = limiter.take(self.byteCount, self.direction, now: self.eventLoop.now) }
        self.taken = self.byteCount
        self.leave()
    }

    /// Drops everything.
    func fail(_ error: any Error) {
        self.giveBack()
        let entries = self.entries
        self.entries = Deque()
        self.byteCount = 0
        for entry in entries { entry.promise?.fail(error) }
    }

    private func giveBack() {
        self.timer?.cancel()
        self.timer = nil
        for limiter in self.limiters where self.taken > 0 { limiter.giveBack(self.taken, self.direction) }
        self.taken = 0
    }

    private func wait(until deadline: NIODeadline) {
        self.timer = self.eventLoop.assumeIsolated().scheduleTask(deadline: deadline) { [weak self] in
            guard let self else { return }
            self.timer = nil
            self.leave()
            self.resume()
        }
    }

    /// Hands on what was taken.
    private func leave() {
        var count = self.taken
        self.taken = 0
        while let first = self.entries.first, count > 0 || first.data.readableBytes == 0 {
            let length = min(count, first.data.readableBytes)
            guard let piece = self.entries[0].data.readSlice(length: length) else { return }
            count -= length
            self.byteCount -= length
            let isLast = self.entries[0].data.readableBytes == 0
            if isLast { self.entries.removeFirst() }
            self.release(piece, isLast ? first.promise : nil)
        }
        self.hasReleased()
    }
}
