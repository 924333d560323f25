import Glibc

/// Root changes what lies in somebody else's folder as that user: a link which they put there leads to nothing that is not theirs.
///
/// It changes whose whole process this is: for programs that end when it is done.
package enum FolderOwner {
    /// - Throws: `SystemError`, and what `body` throws.
    package static func act<Result>(on path: String, _ body: () throws -> Result) throws -> Result {
        guard geteuid() == 0, let owner = Self.firstOther(on: path) else { return try body() }
        let group = getegid()
        var groups = [gid_t](repeating: 0, count: Int(max(getgroups(0, nil), 0)))
        guard getgroups(Int32(groups.count), &groups) >= 0, setgroups(1, [owner.group]) == 0,
            setegid(owner.group) == 0, seteuid(owner.user) == 0
        else { throw SystemError() }
        defer {
            _ = seteuid(0)
            _ = setegid(group)
            _ = setgroups(groups.count, groups)
        }
        return try body()
    }

    /// The first folder from the root on that is not root's: whoever owns it can put anything below it.
    private static func firstOther(on path: String) -> (user: uid_t, group: gid_t)? {
        var folder = ""
        for name in path.split(separator: "/") {
            folder += "/\(name)"
            var information = stat()
            guard stat(folder, &information) == 0 else { return nil }
            if information.st_uid != 0 { return (information.st_uid, information.st_gid) }
        }
        return nil
    }
}
