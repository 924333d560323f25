/// What one connection holds of a budget. All of it goes back when the connection is gone.
///
/// It belongs to the connection's event loop.
public final class ResourceShare {
    private var account: ResourceAccount
    public private(set) var held = 0

    public init(_ account: ResourceAccount) {
        self.account = account
    }

    deinit {
        self.account.giveBack(self.held)
    }

    /// The account that all this counts for.
    public var accountName: String { self.account.name }

    /// - Returns: what there is room for, from nothing to `count`.
    public func take(_ count: Int, for purpose: ResourceBudget.Purpose) -> Int {
        let taken = self.account.take(count, for: purpose, beside: self.held)
        self.held += taken
        return taken
    }

    /// Takes all of it or nothing.
    public func takeAll(_ count: Int, for purpose: ResourceBudget.Purpose) -> Bool {
        let taken = self.take(count, for: purpose)
        guard taken < count else { return true }
        self.giveBack(taken)
        return false
    }

    /// The same as a token that gives it back when it is let go of.
    public func reserve(_ count: Int, for purpose: ResourceBudget.Purpose) -> ResourceReservation? {
        self.takeAll(count, for: purpose) ? ResourceReservation(count, of: self) : nil
    }

    /// Counts what is there already, whether or not there is room for it.
    public func charge(_ count: Int) {
        self.account.charge(count)
        self.held += count
    }

    /// The same as a token.
    public func hold(_ count: Int) -> ResourceReservation {
        self.charge(count)
        return ResourceReservation(count, of: self)
    }

    public func giveBack(_ count: Int) {
        let count = min(max(count, 0), self.held)
        guard count > 0 else { return }
        self.held -= count
        self.account.giveBack(count)
    }

    /// What could still be taken; less than nothing if more is held than may be.
    public func room(for purpose: ResourceBudget.Purpose) -> Int {
        self.account.room(for: purpose)
    }

    /// From now on it counts for another account, that of whoever has logged in.
    public func move(to account: ResourceAccount) {
        guard account !== self.account else { return }
        account.charge(self.held)
        self.account.giveBack(self.held)
        self.account = account
    }
}

/// A part of a connection's share, for as long as somebody holds on to it.
public final class ResourceReservation {
    private let share: ResourceShare
    private var count: Int

    fileprivate init(_ count: Int, of share: ResourceShare) {
        self.count = count
        self.share = share
    }

    /// Gives back what turned out not to be needed.
    public func shrink(to count: Int) {
        guard count >= 0, count < self.count else { return }
        self.share.giveBack(self.count - count)
        self.count = count
    }

    deinit {
        self.share.giveBack(self.count)
    }
}
