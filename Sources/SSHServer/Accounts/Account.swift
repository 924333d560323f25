import Glibc
import SSHWire
import Synchronization

/// A name that may become part of a path.
public struct AccountName: Hashable, Sendable, CustomStringConvertible {
    public let text: String

    /// - Returns: nil for a name that is empty, longer than a file's name can be, begins with `-` or `.`, or holds a `/`, a
    ///   space or a control character.
    public init?(_ text: String) {
        let bytes = text.utf8
        guard let first = bytes.first, bytes.count <= 255, first != UInt8(ascii: "-"), first != UInt8(ascii: "."),
            bytes.allSatisfy({ $0 > 0x20 && $0 != 0x7f && $0 != UInt8(ascii: "/") }),
            // C1 control characters are two bytes in UTF-8.
            text.unicodeScalars.allSatisfy({ !(0x80...0x9f).contains($0.value) })
        else { return nil }
        self.text = text
    }

    public var description: String { self.text.escapedForLog }

    /// Byte by byte, as the system tells accounts apart.
    public static func == (left: AccountName, right: AccountName) -> Bool {
        left.text.hasSameBytes(as: right.text)
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(Array(self.text.utf8))
    }
}

extension String {
    /// `==` would take for one what Unicode has two spellings of, and so a name that no rule names for one that is permitted.
    func hasSameBytes(as other: String) -> Bool {
        self.utf8.elementsEqual(other.utf8)
    }
}

/// Somebody who may log in. An account needs no Unix account; one that has none has no home, no user id and no groups.
public struct Account: Hashable, Sendable {
    public let name: AccountName
    public let home: String?
    /// The home without symbolic links; nil if it cannot be resolved.
    let realHome: String?
    public let userID: UInt32?
    /// The names of the Unix account's groups: what `Match Group`, AllowGroups and DenyGroups look at.
    public let groups: [String]
    /// The system could not say just now whether there is such a Unix account, or which groups it is in.
    private(set) var isIncomplete = false

    public init(name: AccountName, home: String? = nil, userID: UInt32? = nil, groups: [String] = []) {
        self.name = name
        self.home = home
        self.realHome = home.flatMap(StrictModes.resolve)
        self.userID = userID
        self.groups = groups
    }

    static let userDatabase = Mutex(())

    /// The account with what the system knows about the Unix account of that name, if there is one. May wait for a name
    /// service.
    ///
    /// - Parameter groups: whether they are asked for; that costs more than all the rest.
    public static func lookingUp(_ name: AccountName, groups: Bool = true) -> Account {
        let found = Self.userDatabase.withLock { _ in Self.entry(name, groups: groups) }
        // The home is resolved when others may ask again: its file system may hang.
        var account = Account(name: name, home: found.home, userID: found.userID, groups: found.groups)
        account.isIncomplete = found.isIncomplete
        return account
    }

    private typealias Entry = (home: String?, userID: UInt32?, groups: [String], isIncomplete: Bool)

    /// getpwnam and getgrgid answer in static storage: called under the lock.
    private static func entry(_ name: AccountName, groups: Bool) -> Entry {
        errno = 0
        // A name service that does not look at case finds alice for ALICE, whom no rule names.
        guard let entry = getpwnam(name.text), let stored = entry.pointee.pw_name,
            String(cString: stored).hasSameBytes(as: name.text)
        else { return (nil, nil, [], Self.isAway(errno)) }
        let home = entry.pointee.pw_dir.map { String(cString: $0) }
        let userID = entry.pointee.pw_uid
        let named = groups ? Self.groups(of: name, primary: entry.pointee.pw_gid) : []
        return (home, userID, named ?? [], named == nil)
    }

    /// - Returns: nil if the system could not say them. A group without a name is none.
    private static func groups(of name: AccountName, primary: gid_t) -> [String]? {
        var named: [String] = []
        guard let identifiers = Self.groupIDs(of: name.text, primary: primary) else { return nil }
        for identifier in identifiers {
            errno = 0
            guard let entry = getgrgid(identifier), let text = entry.pointee.gr_name else {
                guard !Self.isAway(errno) else { return nil }
                continue
            }
            named.append(String(cString: text))
        }
        return named
    }

    /// Whether a user database said that it could not answer, and not that there is nothing of that name (getpwnam(3)).
    static func isAway(_ number: Int32) -> Bool {
        SSHError.isPassing(number)
            || [
                ERANGE, ENETDOWN, ENETUNREACH, EHOSTDOWN, EHOSTUNREACH, ENOTCONN, ECONNRESET, ECONNABORTED, EPIPE,
                EBUSY,
                ENOSPC,
            ].contains(number)
    }

    /// - Returns: nil if the system could not say them.
    static func groupIDs(of name: String, primary: gid_t) -> [gid_t]? {
        var identifiers = [gid_t](repeating: 0, count: 64)
        var count = Int32(identifiers.count)
        if getgrouplist(name, primary, &identifiers, &count) < 0 {
            // The count is now the one that is needed.
            identifiers = [gid_t](repeating: 0, count: max(Int(count), 1))
            count = Int32(identifiers.count)
            guard getgrouplist(name, primary, &identifiers, &count) >= 0 else { return nil }
        }
        return Array(identifiers.prefix(Int(max(count, 0))))
    }
}
