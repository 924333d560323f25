import Glibc

/// The system's accounts and groups, from files or a name service. Every question may wait for that, and none for another.
package enum UserDatabase {
    package struct Entry {
        package let home: String?
        package let userID: UInt32
        package let groupID: UInt32
    }

    /// It could not answer, which is not the answer that there is nothing of that name.
    package struct IsAway: Error {}

    /// No entry is longer.
    private static let mostBytes = 1 << 20

    /// - Returns: nil if there is no such account.
    package static func account(_ name: String) throws(IsAway) -> Entry? {
        try Self.ask { buffer in
            var record = passwd()
            var found: UnsafeMutablePointer<passwd>?
            guard let base = buffer.baseAddress else { return (ENOMEM, nil) }
            let status = getpwnam_r(name, &record, base, buffer.count, &found)
            // A name service that does not look at case finds alice for ALICE, whom no rule names.
            guard found != nil, let stored = record.pw_name, String(cString: stored).utf8.elementsEqual(name.utf8)
            else {
                return (status, nil)
            }
            let home = record.pw_dir.map { String(cString: $0) }
            return (0, Entry(home: home, userID: record.pw_uid, groupID: record.pw_gid))
        }
    }

    /// - Returns: nil if the group has no name.
    package static func groupName(_ identifier: UInt32) throws(IsAway) -> String? {
        try Self.ask { buffer in
            var record = group()
            var found: UnsafeMutablePointer<group>?
            guard let base = buffer.baseAddress else { return (ENOMEM, nil) }
            let status = getgrgid_r(identifier, &record, base, buffer.count, &found)
            guard found != nil, let name = record.gr_name else { return (status, nil) }
            return (0, String(cString: name))
        }
    }

    /// All groups of an account, as the system lists them.
    package static func groupIDs(of name: String, primary: UInt32) throws(IsAway) -> [UInt32] {
        var identifiers = [gid_t](repeating: 0, count: 64)
        var count = Int32(identifiers.count)
        if getgrouplist(name, primary, &identifiers, &count) < 0 {
            // The count is now the one that is needed.
            identifiers = [gid_t](repeating: 0, count: max(Int(count), 1))
            count = Int32(identifiers.count)
            guard getgrouplist(name, primary, &identifiers, &count) >= 0 else { throw IsAway() }
        }
        return Array(identifiers.prefix(Int(max(count, 0))))
    }

    /// Asks with more and more room, until the entry fits.
    ///
    /// The texts of an entry lie in the buffer: they are copied before it is gone.
    private static func ask<Answer>(
        _ body: (UnsafeMutableBufferPointer<CChar>) -> (status: Int32, answer: Answer?)
    ) throws(IsAway) -> Answer? {
        var size = 1024
        while true {
            let (status, answer) = withUnsafeTemporaryAllocation(of: CChar.self, capacity: size, body)
            if let answer { return answer }
            guard status == ERANGE, size < Self.mostBytes else {
                guard !Self.isAway(status) else { throw IsAway() }
                return nil
            }
            size *= 4
        }
    }

    /// Whether a status says that nobody could answer, and not that there is nothing of that name (getpwnam(3)).
    package static func isAway(_ number: Int32) -> Bool {
        SystemError(number).isPassing
            || [
                ERANGE, ENETDOWN, ENETUNREACH, EHOSTDOWN, EHOSTUNREACH, ENOTCONN, ECONNRESET, ECONNABORTED, EPIPE,
                EBUSY,
                ENOSPC,
            ].contains(number)
    }
}
