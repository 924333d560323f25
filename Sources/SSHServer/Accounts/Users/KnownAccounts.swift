import NIOCore
import Synchronization

/// What the system said of accounts less than a second ago: a fleet that comes back is a few accounts, and asking the user
/// database reads a file, or waits for a name service.
final class KnownAccounts: Sendable {
    private struct Entry {
        let account: Account
        let hasGroups: Bool
        let askedAt: NIODeadline
    }

    /// What has changed since may be overlooked for so long, by logins alone. sshd's user database is no fresher where nscd
    /// or SSSD stands before it.
    static let lifetime = TimeAmount.seconds(1)
    private static let limit = 1024

    private struct Entries {
        var byName: [AccountName: Entry] = [:]
        /// How often all of them were forgotten.
        var generation: UInt64 = 0
    }

    private let entries = Mutex(Entries())

    /// - Parameter groups: whether they are asked for.
    /// - Returns: nil if it was not asked for of late.
    func recent(_ name: AccountName, groups: Bool, now: NIODeadline = .now()) -> Account? {
        guard let entry = self.entries.withLock({ $0.byName[name] }), entry.hasGroups == groups,
            now < entry.askedAt + Self.lifetime
        else { return nil }
        return entry.account
    }

    /// Asks the system. May wait for a name service.
    func lookUp(_ name: AccountName, groups: Bool) -> Account {
        let (askedAt, generation) = (NIODeadline.now(), self.entries.withLock { $0.generation })
        let account = Account.lookingUp(name, groups: groups)
        guard !account.isIncomplete else { return account }
        self.entries.withLock { entries in
            guard entries.generation == generation, entries.byName[name].map({ $0.askedAt < askedAt }) ?? true else {
                return
            }
            // Names are whatever strangers try.
            if entries.byName.count >= Self.limit { entries.byName.removeAll(keepingCapacity: true) }
            entries.byName[name] = Entry(account: account, hasGroups: groups, askedAt: askedAt)
        }
        return account
    }

    /// Answers that are under way are forgotten, too.
    func forget() {
        self.entries.withLock { entries in
            entries.byName = [:]
            entries.generation += 1
        }
    }
}
