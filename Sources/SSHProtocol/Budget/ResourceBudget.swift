import Synchronization

/// Something that the connections of a process share and can run out of, such as memory or descriptors.
///
/// What an account may hold depends on what is still free, as queues share the memory of a network switch (dynamic
/// thresholds): the fewer hold much, the more each of them gets, and however many do, the next one finds something left.
/// Whoever holds most is refused first. The last quarter is for what cannot be done without, the last eighth for accounts that
/// hold next to nothing; of descriptors the last sixty-fourth.
public final class ResourceBudget: Sendable {
    /// What is asked for, which says how much of the rest may be held.
    public enum Purpose: Sendable {
        /// A channel cannot do without it.
        case opening
        /// It would be faster with it.
        case growth
        /// A descriptor. There are many more of them than anybody needs, or far too few; and a fleet is often one account.
        case descriptor

        /// An account may hold up to so many times, a fraction, what is free then.
        fileprivate var ofFree: (numerator: Int, denominator: Int) {
            switch self {
            case .opening: (1, 1)
            case .growth: (1, 2)
            case .descriptor: (16, 1)
            }
        }

        /// The part of the limit that is kept: from everybody, or from all but accounts that hold next to nothing.
        fileprivate var kept: (part: Int, fromAll: Bool) {
            switch self {
            case .opening: (8, false)
            case .growth: (4, true)
            case .descriptor: (64, false)
            }
        }

        /// The same for one connection, and what its account may still take.
        fileprivate var ofAccount: (numerator: Int, denominator: Int) {
            switch self {
            case .opening, .descriptor: (3, 1)
            case .growth: (1, 1)
            }
        }
    }

    /// The memory of this process, in bytes, as long as nobody says otherwise.
    public static let memory = ResourceBudget(limit: 256 * 1024 * 1024)

    /// The descriptors of this process, of which every socket is one.
    public static let descriptors = ResourceBudget(limit: 1_024)

    /// More than any machine has, and far from what sums could overflow.
    private static let largest = 1 << 48

    private struct State {
        var limit: Int
        var used = 0
        var accounts: [String: Entry] = [:]
        var nextSerial: UInt64 = 0
        /// Accounts that were refused something since somebody asked.
        var short: Set<String> = []

        /// What an account may still take that holds so much already; less than nothing if that is too much.
        func room(for purpose: Purpose, of held: Int) -> Int {
            let (part, isFromAll) = purpose.kept
            let kept = isFromAll || held >= self.limit / 64 ? self.limit / part : 0
            let (times, parts) = purpose.ofFree
            // With n taken: held + n <= (free - n) * times / parts.
            return ((self.limit - kept - self.used) * times - held * parts) / (times + parts)
        }
    }

    private struct Entry {
        weak var account: ResourceAccount?
        let serial: UInt64
    }

    private let state: Mutex<State>

    public init(limit: Int) {
        self.state = Mutex(State(limit: min(max(limit, 0), Self.largest)))
    }

    /// What all together may hold. What is held when it is lowered stays held.
    public var limit: Int {
        get { self.state.withLock { $0.limit } }
        set { self.state.withLock { $0.limit = min(max(newValue, 0), Self.largest) } }
    }

    /// What all together hold now.
    public var used: Int { self.state.withLock { $0.used } }

    /// The account of that name; connections that ask for the same name share one.
    public func account(named name: String) -> ResourceAccount {
        self.state.withLock { state in
            if let account = state.accounts[name]?.account { return account }
            let account = ResourceAccount(name: name, serial: state.nextSerial, budget: self)
            state.nextSerial += 1
            state.accounts[name] = Entry(account: account, serial: account.serial)
            return account
        }
    }

    /// The accounts that got less than they asked for since the last call, and what each holds, the largest first.
    public func takeShortages() -> [(account: String, held: Int)] {
        // An account that is let go of takes the lock, so none may be while it is held.
        let accounts = self.state.withLock { state in
            defer { state.short = [] }
            return state.short.compactMap { state.accounts[$0]?.account }
        }
        return accounts.map { ($0.name, $0.held) }.sorted { $0.held > $1.held }
    }

    // MARK: For its accounts

    fileprivate func take(_ count: Int, for purpose: Purpose, by account: ResourceAccount, beside own: Int) -> Int {
        guard count > 0 else { return 0 }
        return self.state.withLock { state in
            let room = state.room(for: purpose, of: account.count.value)
            let (times, parts) = purpose.ofAccount
            let ownRoom = (max(room, 0) * times - own * parts) / (times + parts)
            let taken = min(count, max(min(room, ownRoom), 0))
            if taken < count { state.short.insert(account.name) }
            account.count.value += taken
            state.used += taken
            return taken
        }
    }

    fileprivate func move(_ count: Int, by account: ResourceAccount) {
        self.state.withLock { state in
            account.count.value += count
            state.used += count
        }
    }

    fileprivate func room(for purpose: Purpose, of account: ResourceAccount) -> Int {
        self.state.withLock { $0.room(for: purpose, of: account.count.value) }
    }

    fileprivate func held(by account: ResourceAccount) -> Int {
        self.state.withLock { _ in account.count.value }
    }

    fileprivate func forget(_ account: ResourceAccount) {
        self.state.withLock { state in
            state.used -= account.count.value
            // Another of that name may have begun meanwhile.
            if state.accounts[account.name]?.serial == account.serial { state.accounts[account.name] = nil }
        }
    }
}

/// Whose the connections are that hold something of a budget: an account of the relay.
public final class ResourceAccount: Sendable {
    /// Touched only while the budget's lock is held, which is what makes it safe to share.
    fileprivate final class Count: @unchecked Sendable {
        var value = 0
    }

    public let name: String
    fileprivate let serial: UInt64
    fileprivate let count = Count()
    private let budget: ResourceBudget

    fileprivate init(name: String, serial: UInt64, budget: ResourceBudget) {
        self.name = name
        self.serial = serial
        self.budget = budget
    }

    deinit {
        self.budget.forget(self)
    }

    /// What all its connections hold.
    public var held: Int { self.budget.held(by: self) }

    /// - Parameter own: what the connection that asks holds already.
    /// - Returns: what it gets, from nothing to all that it asks for.
    func take(_ count: Int, for purpose: ResourceBudget.Purpose, beside own: Int) -> Int {
        self.budget.take(count, for: purpose, by: self, beside: own)
    }

    /// Counts what is there already, whether or not there is room for it.
    func charge(_ count: Int) {
        self.budget.move(count, by: self)
    }

    func giveBack(_ count: Int) {
        self.budget.move(-count, by: self)
    }

    /// What it may still take; less than nothing if it holds too much.
    func room(for purpose: ResourceBudget.Purpose) -> Int {
        self.budget.room(for: purpose, of: self)
    }
}
