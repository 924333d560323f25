import Glibc
import NIOCore
import SSHSystem

/// Says when the way to a server should be looked at: this machine has other addresses than before, or it has slept.
///
/// Everything happens on one event loop.
final class PathWatch {
    /// How often it is looked whether this machine has slept.
    private static let clockInterval = TimeAmount.seconds(3)
    /// Clocks that part by so much were stopped; less is the time between reading the one and the other.
    private static let shortestSleep: Int64 = 2_000_000_000
    /// Changes come in bursts: an address, its route, the link.
    private static let settling = TimeAmount.milliseconds(100)

    private let eventLoop: any EventLoop
    private let sink: AsyncStream<PathDoubt>.Continuation
    private var listener: (any Channel)?
    private var clock: Scheduled<Void>?
    private var burst: Scheduled<Void>?
    private var timeAsleep = PathWatch.timeAsleepNow()
    private var isOver = false

    /// - Parameter sink: gets the doubts.
    init(_ sink: AsyncStream<PathDoubt>.Continuation, on eventLoop: any EventLoop) {
        self.sink = sink
        self.eventLoop = eventLoop
    }

    func start() {
        self.listen()
        self.compareClocks()
    }

    func stop() {
        self.isOver = true
        self.listener?.close(promise: nil)
        self.clock?.cancel()
        self.burst?.cancel()
        self.sink.finish()
    }

    private func listen() {
        let this = NIOLoopBound(self, eventLoop: self.eventLoop)
        NetworkChanges.listen(on: self.eventLoop) { this.value.changed() }.assumeIsolated().whenSuccess { listener in
            guard !self.isOver else { return listener.close(promise: nil) }
            self.listener = listener
            listener.closeFuture.assumeIsolated().whenComplete { _ in self.listenAgain() }
        }
    }

    /// The kernel had more to say than there was room for.
    private func listenAgain() {
        guard !self.isOver else { return }
        self.eventLoop.assumeIsolated().scheduleTask(in: .seconds(1)) { [weak self] in
            guard let self, !self.isOver else { return }
            self.listen()
        }
    }

    private func changed() {
        guard self.burst == nil, !self.isOver else { return }
        self.burst = self.eventLoop.assumeIsolated().scheduleTask(in: Self.settling) { [weak self] in
            self?.burst = nil
            self?.sink.yield(.networkChanged)
        }
    }

    private func compareClocks() {
        let now = Self.timeAsleepNow()
        if now - self.timeAsleep > Self.shortestSleep { self.sink.yield(.slept) }
        self.timeAsleep = now
        self.clock = self.eventLoop.assumeIsolated().scheduleTask(in: Self.clockInterval) { [weak self] in
            self?.compareClocks()
        }
    }

    /// In nanoseconds: CLOCK_BOOTTIME goes on while the machine is suspended, CLOCK_MONOTONIC does not.
    private static func timeAsleepNow() -> Int64 {
        Self.time(CLOCK_BOOTTIME) - Self.time(CLOCK_MONOTONIC)
    }

    private static func time(_ clock: Int32) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
