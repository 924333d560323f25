import SSHWire

/// Which names of hosts and users may stand where: the rules of OpenSSH 10.5 (ssh_valid_hostname, ssh_valid_ruser in
/// readconf.c), and a stricter one for what a shell gets to see.
enum NameRules {
    /// Names from the command line, in jumps, and those that tokens made: they may become options or shell text.
    static func check(host: String, user: String?) throws {
        guard self.isHost(host) else { throw self.badHost }
        if let user { try self.check(user: user) }
    }

    static func check(user: String) throws {
        guard self.isUser(user) else { throw self.badUser }
    }

    /// What `%x` puts into a command of `Match exec` or ProxyCommand.
    ///
    /// Names from the files are checked here, too, and a user's dollar sign, which ssh lets through (`HOST$` is an account's name
    /// in Windows domains), is expanded by no shell.
    static func check(_ value: String, inShellFor token: Character) throws {
        switch token {
        case "h", "n", "k", "j": guard self.isHost(value) else { throw self.badHost }
        case "r": guard self.isUser(value), !value.utf8.contains(UInt8(ascii: "$")) else { throw self.badUser }
        default: break
        }
    }

    private static func isHost(_ name: String) -> Bool {
        let bad = Array("'`\"$\\;&<>|(){},".utf8)
        return name.first != "-" && name.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7f && !bad.contains($0) }
    }

    private static func isUser(_ name: String) -> Bool {
        let bad = Array("'`\";&<>|(){}".utf8)
        let hasOption = name.split(separator: " ", omittingEmptySubsequences: false).contains { $0.first == "-" }
        return !hasOption && name.last != "\\"
            && name.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7f && !bad.contains($0) }
    }

    private static var badHost: SSHError {
        SSHError(.invalidConfiguration, "hostname contains invalid characters")
    }

    private static var badUser: SSHError {
        SSHError(.invalidConfiguration, "remote username contains invalid characters")
    }
}
