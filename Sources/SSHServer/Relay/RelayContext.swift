import Logging
import NIOCore
import SSHForwarding
import SSHProtocol
import SSHSystem
import Synchronization

/// What all connections of one relay share.
final class RelayContext: Sendable {
    let startups: StartupLimits
    let penalties: SourcePenalties
    let knownSources = KnownSources()
    let turns = HandshakeTurns(cores: System.coreCount)
    let connections = ConnectionRegistry()
    let listeners = ListenerRegistry()
    let listenerClaims = ListenerClaims()
    let unixSockets = UnixSocketRegistry()
    let hostKeyAgents: HostKeyAgents
    let files = FileWatch()
    let lineBudgets = LineBudgets()
    let rateLimiters = RateLimiterRegistry()
    let traffic = EndedTraffic()
    /// Connections about which a command is being asked again.
    let askedAbout = Mutex<Set<UInt64>>([])
    /// Connections that could not be judged again when they should have been.
    let unclear = Mutex<Set<UInt64>>([])
    /// For what logins wait for.
    let loginThreads: FairThreads
    /// For live revocation, which waits for no login.
    let revocation = SteadyThread()
    private let keyLists = KeyLists()
    private let knownAccounts = KnownAccounts()
    private let current: Mutex<RelayRules>
    private let lastConnection: Atomic<UInt64>
    /// Refused connections that still read why.
    private let farewells = Atomic<Int>(0)
    private static let maximumFarewells = 256
    private let stopping = Atomic<Bool>(false)

    init(_ rules: RelayRules) {
        self.startups = StartupLimits(rules.configuration)
        self.penalties = SourcePenalties(rules.configuration)
        self.current = Mutex(rules)
        self.hostKeyAgents = HostKeyAgents(rules)
        self.lastConnection = Atomic(Self.firstConnectionNumber(at: .now()))
        let count = max(8, 2 * System.coreCount)
        self.loginThreads = FairThreads(
            FairThreads.Limits(
                running: count,
                threads: 8 * count,
                ofSource: count * 3 / 4,
                ofAccount: count / 4,
                stuckOfSource: 4 * count
            )
        )
    }

    /// The rules as they are now: ask for them anew for every decision.
    var rules: RelayRules { self.current.withLock { $0 } }

    var logger: Logger { self.rules.logger }

    /// - Returns: whether a refused connection may stay for a moment; if so, `endFarewell` must follow.
    func beginFarewell() -> Bool {
        guard self.farewells.wrappingAdd(1, ordering: .relaxed).newValue > Self.maximumFarewells else { return true }
        self.endFarewell()
        return false
    }

    func endFarewell() {
        self.farewells.wrappingSubtract(1, ordering: .relaxed)
    }

    /// The files to judge logins by, as they are now.
    ///
    /// - Parameter mayRead: no on an event loop.
    func accountFiles(mayRead: Bool = true) -> AccountFiles {
        AccountFiles(lists: self.keyLists, accounts: self.knownAccounts, mayRead: mayRead) { problem in
            self.logger.error("\(problem.escapedForLog)")
        }
    }

    /// - Parameter problem: nil when there is none any more.
    func tellOnce(_ problem: String?, about what: String) {
        if self.keyLists.isNews(problem, about: what), let problem { self.logger.error("\(problem)") }
    }

    /// From now on everybody goes by these.
    func replaceRules(_ rules: RelayRules) {
        self.startups.update(rules.configuration)
        self.penalties.update(rules.configuration)
        self.knownAccounts.forget()
        self.hostKeyAgents.follow(rules)
        self.current.withLock { $0 = rules }
        self.setBudgets()
    }

    /// What clients may make this process hold, as the configuration and the system say.
    func setBudgets() {
        ResourceBudget.memory.limit = self.rules.configuration.memoryLimit ?? MemoryOfMachine.budget
        ResourceBudget.descriptors.limit = DescriptorLimit.current
    }

    /// Says what the log does not have.
    ///
    /// - Parameter age: for how many seconds it must have been left out.
    func reportLeftOutLines(age: Int = 0) {
        for report in self.lineBudgets.takeReports(now: .secondsNow, age: age) { report.write(to: self.logger) }
    }

    /// A number that names a connection in the log, never given twice, by a relay that is started again either: they count
    /// from the time of the start, ten to a millisecond, and there are fewer connections than that.
    func nextConnectionNumber() -> UInt64 {
        self.lastConnection.wrappingAdd(1, ordering: .relaxed).newValue
    }

    /// Shorter than the time since 1970: people read these numbers.
    static func firstConnectionNumber(at time: LogTime) -> UInt64 {
        let year2026 = 1_767_225_600
        let seconds = UInt64(clamping: max(0, time.seconds - year2026))
        return (seconds * 1000 + UInt64(clamping: time.milliseconds)) * 10
    }

    /// No new tunnel begins any more.
    var isStopping: Bool { self.stopping.load(ordering: .relaxed) }

    func beginStopping() {
        self.stopping.store(true, ordering: .relaxed)
    }
}
