import Logging
import NIOCore
import SSHForwarding
import SSHProtocol
import SSHSystem
import Synchronization

/// What all connections of one relay share.
final class RelayContext: Sendable {
    let limits: AdmissionLimits
    let logins = LoginSources()
    let routes = Routes()
    let connections = ConnectionRegistry()
    let lineBudgets = LineBudgets()
    let rateLimiters = RateLimiterRegistry()
    let hostKeyAgents: HostKeyAgents
    let traffic = EndedTraffic()
    /// nil where sessions have nothing to ask.
    let sessionCommands: (any SessionCommands)?
    private let current: Mutex<RelayRules>
    private let lastConnection: Atomic<UInt64>
    private let stopping = Atomic<Bool>(false)

    init(_ rules: RelayRules, sessionCommands: (any SessionCommands)? = nil) {
        self.sessionCommands = sessionCommands
        self.limits = AdmissionLimits(rules.configuration)
        self.current = Mutex(rules)
        self.hostKeyAgents = HostKeyAgents(rules.hostKeys, agent: rules.hostKeyAgent)
        self.lastConnection = Atomic(Self.firstConnectionNumber(at: .now()))
    }

    /// The rules as they are now: ask for them anew for every decision.
    var rules: RelayRules { self.current.withLock { $0 } }

    var logger: Logger { self.rules.logger }

    /// The files to judge logins by, as they are now.
    ///
    /// - Parameter mayRead: no on an event loop.
    func accountFiles(mayRead: Bool = true) -> AccountFiles {
        self.logins.files(mayRead: mayRead) { problem in self.logger.error("\(problem.escapedForLog)") }
    }

    /// - Parameter problem: nil when there is none any more.
    func tellOnce(_ problem: String?, about what: String) {
        if self.logins.isNews(problem, about: what), let problem { self.logger.error("\(problem)") }
    }

    /// From now on everybody goes by these.
    func replaceRules(_ rules: RelayRules) {
        self.limits.update(rules.configuration)
        self.logins.forgetAccounts()
        self.hostKeyAgents.follow(rules.hostKeys, agent: rules.hostKeyAgent)
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
