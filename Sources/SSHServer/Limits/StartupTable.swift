import SSHConfiguration

/// What is known of the connections that have not logged in yet, and which of them makes way for others.
///
/// MaxStartups and PerSourceMaxStartups count those that wait for their client: it has said nothing yet, or has stopped half-way
/// for longer than a moment. Who makes progress is not counted. Nobody is dropped at random: a connection that comes when too many
/// are counted is on probation, and if it has said nothing after a moment, somebody goes.
struct StartupTable {
    /// How far a connection has come. What is lower makes way for what is higher.
    enum Stage: Int, Comparable, Sendable {
        /// It came when there were too many, and has said nothing.
        case onProbation
        /// The client has said nothing.
        case silent
        /// It has said that it speaks SSH.
        case identified
        /// It has done a key exchange with us.
        case keysExchanged

        static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
    }

    /// What MaxStartups, PerSourceMaxStartups and PerSourceNetBlockSize say.
    struct Rules {
        var maximum: MaxStartups
        var maximumPerSource: Int?
        var blockSize: NetBlockSize
    }

    private struct Startup {
        let source: ClientSource
        let isKnown: Bool
        /// The source as wide as PerSourceMaxStartups counts; nil if it does not.
        let block: IPAddress?
        var stage: Stage
        /// It has stood where it is for longer than a moment, and we wait for it.
        var isStalled = false

        var isCounted: Bool { self.isStalled || self.stage <= .silent }
    }

    /// A source with less than one of so many connections has few.
    private static let largestSmallPart = 16

    var rules: Rules
    /// How many there may be at all, whatever they do.
    private let bound: Int
    /// How many MaxStartups counts.
    private(set) var countedCount = 0
    private var startups: [UInt64: Startup] = [:]
    private var countedByBlock: [IPAddress: Int] = [:]
    private var all = ConnectionsBySource<ClientSource>()
    private var stalled = ConnectionsBySource<ClientSource>()
    /// Who has done a key exchange and stalls is mostly a person who looks for a passphrase.
    private var stalledWithKeys = ConnectionsBySource<ClientSource>()
    private var stalledByBlock = ConnectionsBySource<IPAddress>()

    init(_ rules: Rules, bound: Int) {
        self.rules = rules
        self.bound = bound
    }

    /// How many connections there are that have not logged in.
    var count: Int { self.startups.count }

    func contains(_ id: UInt64) -> Bool { self.startups[id] != nil }

    /// A connection has come.
    ///
    /// - Parameters:
    ///   - isKnown: somebody from there is logged in, or was lately.
    ///   - chance: a number from 0 to 99, drawn for this connection if it comes to that.
    /// - Returns: whether it is on probation, and who has to go: another one, this one, or nobody.
    mutating func insert(
        _ id: UInt64,
        _ address: IPAddress?,
        isKnown: Bool,
        chance: () -> Int
    ) -> (isOnProbation: Bool, victim: UInt64?) {
        let block = self.rules.maximumPerSource == nil ? nil : address.map(self.rules.blockSize.block)
        var isOnProbation = self.rules.maximum.isExceeded(by: chance, after: self.countedCount)
        if let block, let limit = self.rules.maximumPerSource, self.countedByBlock[block, default: 0] >= limit {
            isOnProbation = true
        }
        let startup = Startup(
            source: ClientSource(address ?? IPAddress(ipv4: 0), self.rules.blockSize),
            isKnown: isKnown,
            block: block,
            stage: isOnProbation ? .onProbation : .silent
        )
        self.startups[id] = startup
        self.all.insert(id, of: startup.source, rank: startup.stage.rawValue, isKnown: isKnown)
        self.count(startup, 1)
        guard self.startups.count > self.bound, let victim = self.all.popFirst() else { return (isOnProbation, nil) }
        self.remove(victim)
        return (isOnProbation, victim)
    }

    /// The client has done what was awaited.
    ///
    /// - Parameter stage: how far it has come by that; nil leaves it where it was.
    mutating func progress(_ id: UInt64, to stage: Stage?) {
        guard let startup = self.startups[id] else { return }
        self.unstall(id, startup)
        guard let stage, stage > startup.stage else { return }
        self.change(id) { $0.stage = stage }
        self.all.insert(id, of: startup.source, rank: stage.rawValue, isKnown: startup.isKnown)
    }

    /// Whether a client may take its time: its source has but a small part of all these connections, as a device of a fleet has
    /// that comes back, or is known.
    func isPatient(with id: UInt64) -> Bool {
        guard let startup = self.startups[id] else { return false }
        return startup.isKnown || self.all.count(of: startup.source) * Self.largestSmallPart < self.count
    }

    /// A moment has passed, and the client has done nothing.
    ///
    /// - Returns: who has to go: another one, this one, or nobody.
    mutating func stall(_ id: UInt64) -> UInt64? {
        guard let startup = self.startups[id], !startup.isStalled else { return nil }
        self.change(id) { $0.isStalled = true }
        let rank = startup.stage.rawValue
        if startup.stage < .keysExchanged {
            self.stalled.insert(id, of: startup.source, rank: rank, isKnown: startup.isKnown)
        } else {
            self.stalledWithKeys.insert(id, of: startup.source, rank: rank, isKnown: startup.isKnown)
        }
        if let block = startup.block { self.stalledByBlock.insert(id, of: block, rank: rank) }
        let victim = self.takeVictim(for: startup)
        if let victim { self.remove(victim) }
        return victim
    }

    /// The connection has logged in, or is gone.
    mutating func remove(_ id: UInt64) {
        guard let startup = self.startups[id] else { return }
        self.unstall(id, startup)
        if self.startups.removeValue(forKey: id)?.isCounted == true { self.count(startup, -1) }
        self.all.remove(id, of: startup.source)
    }

    /// Who makes way now that one more has stalled. Who was on probation came when somebody had to go; the others may be as many
    /// as there are places.
    private mutating func takeVictim(for startup: Startup) -> UInt64? {
        if let block = startup.block, let limit = self.rules.maximumPerSource,
            self.stalledByBlock.count(of: block) > limit
        {
            return self.stalledByBlock.popFirst(of: block)
        }
        let limit = startup.stage == .onProbation ? self.rules.maximum.start : self.rules.maximum.full
        guard self.stalled.count + self.stalledWithKeys.count > limit else { return nil }
        return self.stalled.popFirst() ?? self.stalledWithKeys.popFirst()
    }

    private mutating func unstall(_ id: UInt64, _ startup: Startup) {
        guard startup.isStalled else { return }
        self.change(id) { $0.isStalled = false }
        self.stalled.remove(id, of: startup.source)
        self.stalledWithKeys.remove(id, of: startup.source)
        if let block = startup.block { self.stalledByBlock.remove(id, of: block) }
    }

    private mutating func change(_ id: UInt64, _ body: (inout Startup) -> Void) {
        guard var startup = self.startups[id] else { return }
        let wasCounted = startup.isCounted
        body(&startup)
        self.startups[id] = startup
        if wasCounted != startup.isCounted { self.count(startup, wasCounted ? -1 : 1) }
    }

    private mutating func count(_ startup: Startup, _ change: Int) {
        self.countedCount += change
        guard let block = startup.block else { return }
        let count = self.countedByBlock[block, default: 0] + change
        self.countedByBlock[block] = count > 0 ? count : nil
    }
}

extension MaxStartups {
    /// From `start` on a share of new connections has to prove itself that grows from `rate` percent to all at `full`.
    fileprivate func isExceeded(by chance: () -> Int, after total: Int) -> Bool {
        guard total >= self.start else { return false }
        guard total < self.full else { return true }
        let percent = self.rate + (100 - self.rate) * (total - self.start) / max(self.full - self.start, 1)
        return chance() < percent
    }
}
