/// Whether the relay can run AuthorizedKeysCommand and AuthorizedPrincipalsCommand as it is to.
extension ServerConfiguration {
    /// Whether we can run commands as the users that are named for it.
    ///
    /// - Parameter ours: the user id that the relay runs as.
    /// - Throws: `invalidConfiguration` with file, line, value and what was expected.
    public func checkCommandUsers(runningAs ours: UInt32) throws {
        let blocks = self.matchSections.map { section in
            var settings = AccountSettings()
            for assign in section.assignments { assign(&settings) }
            return settings
        }
        let lines = ([self.defaults] + blocks).flatMap(\.commandLines)
        let used = Set(lines.filter { $0.command.wrappedValue != nil }.map(\.name))
        for line in lines where used.contains(line.name) {
            guard let name = line.user.wrappedValue else { continue }
            let user = try? CommandUser.lookingUp(name)
            // As in sshd, root may name somebody who is not known: that is told when it matters.
            guard user?.isWithinReach(of: ours) ?? (ours == 0) else {
                let expected = "expected the relay's own user: only root can run a command as another"
                throw Self.problem(line.user.rule, "\(line.name)User", "\"\(name)\" is wrong, \(expected)")
            }
            guard ours != 0 || CommandUser.hasLauncher else {
                let expected = "expected \(CommandUser.launcher) of util-linux on this machine"
                throw Self.problem(line.user.rule, "\(line.name)User", "\"\(name)\" cannot run anything, \(expected)")
            }
        }
    }
}
