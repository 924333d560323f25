import NIOCore
import NIOPosix

/// What waits for its deadline.
protocol TimedConnection: AnyObject {
    /// The deadline has passed.
    func advance()
}

/// The deadlines of one event loop's connections, in ticks, so that one wake-up serves all connections of a tick and
/// thousands of idle ones cost the event loop one timer.
///
/// All calls come on that event loop. Sendable for the thread's variable alone: it is found by the thread that made it and by
/// no other.
final class ConnectionTimers: NIOScheduledCallbackHandler, @unchecked Sendable {
    /// By so much a deadline may be met late; they are seconds and more.
    static let tick: UInt64 = 125_000_000

    /// Where a connection stands.
    struct Ticket {
        fileprivate let tick: UInt64
        fileprivate let index: Int
    }

    private static let ofThisThread = ThreadSpecificVariable<ConnectionTimers>()

    private let eventLoop: any EventLoop
    private var connections: [UInt64: [(any TimedConnection)?]] = [:]
    /// The ticks that connections wait for, the next one last.
    private var ticks: [UInt64] = []
    private var armedTick: UInt64?
    private var timer: NIOScheduledCallback?

    init(_ eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
    }

    /// Those of the event loop that this runs on.
    static func of(_ eventLoop: any EventLoop) -> ConnectionTimers {
        if let timers = self.ofThisThread.currentValue, timers.eventLoop === eventLoop { return timers }
        let timers = ConnectionTimers(eventLoop)
        self.ofThisThread.currentValue = timers
        return timers
    }

    /// `advance` will be called when the deadline has passed.
    func insert(_ connection: any TimedConnection, at deadline: NIODeadline) -> Ticket {
        // The tick that has come is over: who asks for it again must not keep the event loop from its other work.
        let soonest = max(deadline, self.eventLoop.now).uptimeNanoseconds / Self.tick + 1
        let tick = min(soonest, NIODeadline.distantFuture.uptimeNanoseconds / Self.tick)
        let isNewTick = self.connections[tick] == nil
        let index = self.connections[tick]?.count ?? 0
        self.connections[tick, default: []].append(connection)
        if isNewTick {
            self.ticks.insert(tick, at: self.ticks.placeInDescendingOrder(of: tick))
            self.arm()
        }
        return Ticket(tick: tick, index: index)
    }

    func remove(_ ticket: Ticket) {
        guard self.connections[ticket.tick]?.indices.contains(ticket.index) == true else { return }
        self.connections[ticket.tick]?[ticket.index] = nil
        // A place is found by its number, so only the last ones can go: who connects and leaves all day leaves none behind.
        while case .some(nil) = self.connections[ticket.tick]?.last { self.connections[ticket.tick]?.removeLast() }
    }

    /// Places that are kept, also for those who have gone.
    var placeCount: Int { self.connections.values.reduce(0) { $0 + $1.count } }

    func handleScheduledCallback(eventLoop: some EventLoop) {
        self.armedTick = nil
        let now = self.eventLoop.now.uptimeNanoseconds / Self.tick
        while let tick = self.ticks.last, tick <= now {
            self.ticks.removeLast()
            for connection in self.connections.removeValue(forKey: tick) ?? [] { connection?.advance() }
        }
        self.arm()
    }

    private func arm() {
        guard let next = self.ticks.last, next < self.armedTick ?? .max else { return }
        if self.armedTick != nil { self.timer?.cancel() }
        self.armedTick = next
        let deadline = NIODeadline.uptimeNanoseconds(next * Self.tick)
        self.timer = try? self.eventLoop.assumeIsolated().scheduleCallback(at: deadline, handler: self)
    }
}

extension [UInt64] {
    /// Where a number belongs that is not there yet.
    fileprivate func placeInDescendingOrder(of number: UInt64) -> Int {
        var (low, high) = (0, self.count)
        while low < high {
            let middle = (low + high) / 2
            if self[middle] > number { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
