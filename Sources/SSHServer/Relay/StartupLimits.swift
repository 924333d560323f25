import Synchronization

/// Counts connections that have not logged in yet, and drops new ones as MaxStartups and PerSourceMaxStartups say.
final class StartupLimits: Sendable {
    /// One connection that is counted. `end` must follow once.
    struct Ticket: Sendable {
        /// Where it came from, as wide as it was counted.
        fileprivate let block: IPAddress?
    }

    private struct State {
        var maximum: MaxStartups
        var maximumPerSource: Int?
        var blockSize: NetBlockSize
        var total = 0
        var bySource: [IPAddress: Int] = [:]
        var throttling = StartupThrottling()

        init(_ configuration: ServerConfiguration) {
            self.maximum = configuration.maxStartups
            self.maximumPerSource = configuration.perSourceMaxStartups
            self.blockSize = configuration.perSourceNetBlockSize
        }
    }

    private let state: Mutex<State>

    init(_ configuration: ServerConfiguration) {
        self.state = Mutex(State(configuration))
    }

    /// Goes by new limits; what is counted stays.
    func update(_ configuration: ServerConfiguration) {
        self.state.withLock { state in
            let (total, bySource, throttling) = (state.total, state.bySource, state.throttling)
            state = State(configuration)
            (state.total, state.bySource, state.throttling) = (total, bySource, throttling)
        }
    }

    /// - Parameter chance: a number from 0 to 99, drawn for this connection if it comes to that.
    /// - Returns: nil if the connection is to be dropped.
    func begin(_ address: String, chance: @autoclosure () -> Int) -> Ticket? {
        let address = IPAddress(address)?.normalized
        return self.state.withLock { state in
            guard !state.maximum.drops(chance(), after: state.total) else { return nil }
            var block: IPAddress?
            if let address, let limit = state.maximumPerSource {
                let source = state.blockSize.block(of: address)
                guard state.bySource[source, default: 0] < limit else { return nil }
                state.bySource[source, default: 0] += 1
                block = source
            }
            state.total += 1
            return Ticket(block: block)
        }
    }

    /// What the log says of a connection that `begin` dropped.
    func dropLines(_ place: String, now: Int) -> [LogLine] {
        self.state.withLock { $0.throttling.dropped("drop connection #\($0.total) \(place) Maxstartups", now: now) }
    }

    /// What the log says when a connection that `begin` took is the first after a flood.
    func takeLines(now: Int) -> [LogLine] {
        self.state.withLock { $0.throttling.taken(after: $0.total - 1, start: $0.maximum.start, now: now) }
    }

    /// How many connections are counted now.
    var count: Int { self.state.withLock { $0.total } }

    func end(_ ticket: Ticket) {
        self.state.withLock { state in
            state.total -= 1
            guard let block = ticket.block, let count = state.bySource[block] else { return }
            state.bySource[block] = count > 1 ? count - 1 : nil
        }
    }
}

extension NetBlockSize {
    /// What counts as one source with this address.
    func block(of address: IPAddress) -> IPAddress {
        address.masked(to: address.bitCount == 32 ? self.ipv4 : self.ipv6)
    }
}

extension MaxStartups {
    /// From `start` on a share of new connections is dropped that grows from `rate` percent to all at `full`.
    fileprivate func drops(_ chance: @autoclosure () -> Int, after total: Int) -> Bool {
        guard total >= self.start else { return false }
        guard total < self.full else { return true }
        let percent = self.rate + (100 - self.rate) * (total - self.start) / max(self.full - self.start, 1)
        return chance() < percent
    }
}
