import Synchronization

/// What all connections of a process may grant their peers beyond the windows that channels start with.
///
/// A window that is granted can be filled while its sink stands, and nothing takes it back: so what is taken here counts
/// until the channel shrinks or is gone, whether it is used or not.
public final class WindowBudget: Sendable {
    /// What engines share unless they are told otherwise.
    public static let process = WindowBudget(bytes: 256 * 1024 * 1024)

    private let total: Int
    private let free: Mutex<Int>

    public init(bytes: Int) {
        self.total = max(bytes, 0)
        self.free = Mutex(max(bytes, 0))
    }

    /// Granted to peers now, in bytes.
    public var taken: Int { self.total - self.free.withLock { $0 } }

    /// One connection gets at most so much, and others find something left.
    fileprivate var largestShare: Int { self.total / 2 }

    /// - Returns: what is granted; never more than half of what is free, so that later comers grow too.
    fileprivate func take(_ count: Int) -> Int {
        self.free.withLock { free in
            let taken = min(max(count, 0), free / 2)
            free -= taken
            return taken
        }
    }

    fileprivate func giveBack(_ count: Int) {
        self.free.withLock { $0 += count }
    }
}

/// What one connection has taken of the budget. It goes back when the connection is gone.
final class WindowShare {
    private let budget: WindowBudget
    private(set) var bytes = 0

    init(_ budget: WindowBudget) {
        self.budget = budget
    }

    func take(_ count: Int) -> Int {
        let taken = self.budget.take(min(count, self.budget.largestShare - self.bytes))
        self.bytes += taken
        return taken
    }

    func giveBack(_ count: Int) {
        let count = min(max(count, 0), self.bytes)
        self.bytes -= count
        self.budget.giveBack(count)
    }

    deinit {
        self.budget.giveBack(self.bytes)
    }
}
