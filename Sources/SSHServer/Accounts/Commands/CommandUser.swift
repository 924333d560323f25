import Glibc
import SSHSystem

/// The Unix account that a command runs as.
struct CommandUser: Hashable, Sendable {
    let name: String
    let home: String
    let userID: UInt32
    let groupID: UInt32
    /// All groups, as the system lists them.
    let groups: [UInt32]

    /// - Returns: nil if there is no such account.
    static func lookingUp(_ name: String) throws(UserDatabase.IsAway) -> CommandUser? {
        guard let entry = try UserDatabase.account(name) else { return nil }
        return CommandUser(
            name: name,
            home: entry.home ?? "/",
            userID: entry.userID,
            groupID: entry.groupID,
            groups: try UserDatabase.groupIDs(of: name, primary: entry.groupID)
        )
    }

    /// All that the command finds in its environment.
    func environment(language: String?) -> [String] {
        [
            "USER=\(self.name)", "LOGNAME=\(self.name)", "HOME=\(self.home)",
            "PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
        ] + (language.map { ["LANG=\($0)"] } ?? [])
    }

    /// What to run so that the command runs as this user, and not longer than we do. Between fork and exec nothing but system
    /// calls may happen, so setpriv(1) sees to that; who is not root needs nothing of it.
    ///
    /// - Parameter ours: the user id that we run as.
    func arguments(_ command: [String], ours: UInt32) -> [String] {
        // It could not do even the little that is left to do under the SystemCallFilter of an unprivileged service.
        guard ours == 0 else { return command }
        var options = ["--pdeathsig=KILL"]
        if self.userID != 0 {
            let groups = self.groups.map { "\($0)" }.joined(separator: ",")
            options += ["--reuid=\(self.userID)", "--regid=\(self.groupID)"]
            options.append(groups.isEmpty ? "--clear-groups" : "--groups=\(groups)")
        }
        return [Self.launcher] + options + ["--"] + command
    }

    /// Only root can run something as somebody else.
    func isWithinReach(of ours: UInt32) -> Bool { ours == 0 || ours == self.userID }

    /// Of util-linux.
    static let launcher = "/usr/bin/setpriv"

    static var hasLauncher: Bool { access(Self.launcher, X_OK) == 0 }
}
