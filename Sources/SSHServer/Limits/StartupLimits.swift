import Glibc
import SSHConfiguration
import Synchronization

/// The connections of one relay that have not logged in yet.
final class StartupLimits: Sendable {
    /// What became of a new connection.
    struct Beginning {
        /// It came when there were too many.
        let isOnProbation: Bool
        /// Who has to go: another one, or the connection itself.
        let victim: UInt64?
        /// For the log.
        let lines: [LogLine]
    }

    private struct State {
        var table: StartupTable
        var throttling = StartupThrottling()
    }

    private let state: Mutex<State>

    /// - Parameter bound: how many there may be at all, whatever they do.
    init(_ configuration: ServerConfiguration, bound: Int = StartupLimits.boundOfMachine) {
        self.state = Mutex(State(table: StartupTable(StartupTable.Rules(configuration), bound: bound)))
    }

    /// Goes by new limits; what is counted stays.
    func update(_ configuration: ServerConfiguration) {
        self.state.withLock { $0.table.rules = StartupTable.Rules(configuration) }
    }

    func source(of address: String) -> ClientSource {
        ClientSource(address, self.state.withLock { $0.table.rules.blockSize })
    }

    /// - Parameters:
    ///   - id: the connection's number. `end` must follow.
    ///   - isKnown: somebody from there is logged in, or was lately.
    ///   - now: seconds on a clock that only goes forward.
    ///   - chance: a number from 0 to 99, drawn for this connection if it comes to that.
    func begin(_ id: UInt64, _ address: String, isKnown: Bool, now: Int, chance: () -> Int) -> Beginning {
        let address = IPAddress(address)?.normalized
        return self.state.withLock { state in
            let (before, start) = (state.table.countedCount, state.table.rules.maximum.start)
            let (isOnProbation, victim) = state.table.insert(id, address, isKnown: isKnown, chance: chance)
            let lines = isOnProbation ? [] : state.throttling.taken(after: before, start: start, now: now)
            return Beginning(isOnProbation: isOnProbation, victim: victim, lines: lines)
        }
    }

    /// The client has done what was awaited.
    func progressed(_ id: UInt64, to stage: StartupTable.Stage? = nil) {
        self.state.withLock { $0.table.progress(id, to: stage) }
    }

    /// Whether a client may take its time.
    func isPatient(with id: UInt64) -> Bool {
        self.state.withLock { $0.table.isPatient(with: id) }
    }

    /// A moment has passed, and the client has done nothing.
    ///
    /// - Returns: who has to go: another one, this one, or nobody.
    func stalled(_ id: UInt64) -> UInt64? {
        self.state.withLock { $0.table.stall(id) }
    }

    /// Whether the connection still counts: it has not logged in, and needs not go.
    func contains(_ id: UInt64) -> Bool {
        self.state.withLock { $0.table.contains(id) }
    }

    func end(_ id: UInt64) {
        self.state.withLock { $0.table.remove(id) }
    }

    /// What the log says of a connection that had to go.
    func dropLines(_ place: String, now: Int) -> [LogLine] {
        self.state.withLock { state in
            state.throttling.dropped("drop connection #\(state.table.count) \(place) Maxstartups", now: now)
        }
    }

    /// How many connections there are that have not logged in.
    var count: Int { self.state.withLock { $0.table.count } }
}

extension StartupTable.Rules {
    init(_ configuration: ServerConfiguration) {
        self.maximum = configuration.maxStartups
        self.maximumPerSource = configuration.perSourceMaxStartups
        self.blockSize = configuration.perSourceNetBlockSize
    }
}

extension StartupLimits {
    /// Memory that is set aside for one connection that has not logged in.
    private static let memoryEach = 16 * 1024

    /// Three quarters of the descriptors, so that all else keeps some, and an eighth of the memory.
    static var boundOfMachine: Int {
        var limit = rlimit()
        let hasLimit = getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0
        let descriptors = hasLimit ? Int(clamping: limit.rlim_cur) : 1024
        let (pages, pageSize) = (sysconf(Int32(_SC_PHYS_PAGES)), sysconf(Int32(_SC_PAGESIZE)))
        let connectionsInPage = max(pageSize, 0) * 1024 / 8 / Self.memoryEach
        let (places, overflow) = max(pages, 0).multipliedReportingOverflow(by: connectionsInPage)
        return max(min(descriptors / 4 * 3, overflow ? .max : places / 1024), 64)
    }
}
