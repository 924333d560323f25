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
    /// A tick, and who waits for it.
    private struct Tick {
        let number: UInt64
        var places: [(any TimedConnection)?]
    }

    /// The ticks that connections wait for, the next one last.
    private var ticks: [Tick] = []
    /// The places of a tick that is over, empty, for the next one.
    private var sparePlaces: [(any TimedConnection)?] = []
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
        let place = self.place(of: tick)
        if place == self.ticks.count || self.ticks[place].number != tick {
            self.ticks.insert(Tick(number: tick, places: self.sparePlaces), at: place)
            self.sparePlaces = []
        }
        self.ticks[place].places.append(connection)
        self.arm()
        return Ticket(tick: tick, index: self.ticks[place].places.count - 1)
    }

    func remove(_ ticket: Ticket) {
        let place = self.place(of: ticket.tick)
        guard place < self.ticks.count, self.ticks[place].number == ticket.tick,
            ticket.index < self.ticks[place].places.count
        else { return }
        self.ticks[place].places[ticket.index] = nil
        // A place is found by its number, so only the last ones can go: who connects and leaves all day leaves none behind.
        while case .some(nil) = self.ticks[place].places.last { self.ticks[place].places.removeLast() }
    }

    /// Places that are kept, also for those who have gone.
    var placeCount: Int { self.ticks.reduce(0) { $0 + $1.places.count } }

    func handleScheduledCallback(eventLoop: some EventLoop) {
        self.armedTick = nil
        let now = self.eventLoop.now.uptimeNanoseconds / Self.tick
        // Only the number is looked at: places that two hold are copied to be emptied.
        while let number = self.ticks.last?.number, number <= now, var tick = self.ticks.popLast() {
            for connection in tick.places { connection?.advance() }
            tick.places.removeAll(keepingCapacity: true)
            self.sparePlaces = tick.places
        }
        self.arm()
    }

    private func arm() {
        guard let next = self.ticks.last?.number, next < self.armedTick ?? .max else { return }
        if self.armedTick != nil { self.timer?.cancel() }
        self.armedTick = next
        let deadline = NIODeadline.uptimeNanoseconds(next * Self.tick)
        self.timer = try? self.eventLoop.assumeIsolated().scheduleCallback(at: deadline, handler: self)
    }

    /// Where a tick stands in the descending order, or belongs if it is not there yet.
    private func place(of tick: UInt64) -> Int {
        var (low, high) = (0, self.ticks.count)
        while low < high {
            let middle = (low + high) / 2
            if self.ticks[middle].number > tick { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
