import Glibc
import SSHConfiguration
import SSHSystem

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
        self.realHome = home.flatMap { home in try? FileServers.shared.visit(home) { SystemPath.resolve(home) } }
        self.userID = userID
        self.groups = groups
    }

    /// The account with what the system knows about the Unix account of that name, if there is one. May wait for a name
    /// service.
    ///
    /// - Parameter groups: whether they are asked for; that costs more than all the rest.
    public static func lookingUp(_ name: AccountName, groups: Bool = true) -> Account {
        do {
            guard let entry = try UserDatabase.account(name.text) else { return Account(name: name) }
            let named = groups ? try Self.groups(of: name, primary: entry.groupID) : []
            return Account(name: name, home: entry.home, userID: entry.userID, groups: named)
        } catch {
            var account = Account(name: name)
            account.isIncomplete = true
            return account
        }
    }

    /// A group without a name is none.
    private static func groups(of name: AccountName, primary: UInt32) throws(UserDatabase.IsAway) -> [String] {
        var named: [String] = []
        for identifier in try UserDatabase.groupIDs(of: name.text, primary: primary) {
            if let text = try UserDatabase.groupName(identifier) { named.append(text) }
        }
        return named
    }
}
