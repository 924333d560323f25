import Glibc
import SSHWire

extension Keyword {
    /// The commands that are asked for keys and for principals, and who runs them.
    static let commands: [Keyword] = [
        .account("AuthorizedKeysCommand", \.$authorizedKeysCommand, format: { $0?.text ?? "none" }) {
            try $0.command(AccountCommand.Token.ofKeys)
        },
        .account("AuthorizedKeysCommandUser", \.$authorizedKeysCommandUser, format: { $0 ?? "none" }) {
            try $0.required("a user name")
        },
        .account("AuthorizedPrincipalsCommand", \.$authorizedPrincipalsCommand, format: { $0?.text ?? "none" }) {
            try $0.command(AccountCommand.Token.allCases)
        },
        .account("AuthorizedPrincipalsCommandUser", \.$authorizedPrincipalsCommandUser, format: { $0 ?? "none" }) {
            try $0.required("a user name")
        },
    ]
}

extension Arguments {
    /// A path with arguments, as the rest of the line stands there; nil for `none`.
    fileprivate mutating func command(_ tokens: [AccountCommand.Token]) throws -> AccountCommand? {
        let text = try self.takeCommandLine("an absolute path or none")
        guard text.asciiLowercased != "none" else { return nil }
        return try self.locating { try AccountCommand(text, tokens: tokens) }
    }
}

extension ServerConfiguration {
    /// As sshd, the relay does not start with a command that nobody is named to run.
    ///
    /// - Throws: `invalidConfiguration`.
    func checkCommandUsers() throws {
        for command in self.defaults.commands where command.isSet && command.user == nil {
            throw SSHError(
                .invalidConfiguration,
                "\(command.rule ?? .builtIn(command.name)): \(command.name) set without \(command.name)User, "
                    + "expected \(command.name)User and a user name"
            )
        }
    }

    /// Whether the users that are named to run commands are ones as whom we can run something.
    ///
    /// - Parameter ours: the user id that the relay runs as.
    /// - Throws: `invalidConfiguration` with file, line, value and what was expected.
    public func checkCommandUsers(runningAs ours: UInt32) throws {
        let inBlocks = self.matchSections.flatMap { section in
            var settings = AccountSettings()
            for assign in section.assignments { assign(&settings) }
            return settings.commands
        }
        let all = self.defaults.commands + inBlocks
        for command in all {
            guard all.contains(where: { $0.name == command.name && $0.isSet }) else { continue }
            guard let name = command.user, let rule = command.userRule else { continue }
            // As in sshd, an account that does not exist matters at a login: the name service may know it then.
            guard ours != 0 || CommandUser.lookingUp(name)?.userID != 0 else { continue }
            guard CommandUser.lookingUp(name)?.isWithinReach(of: ours) ?? (ours == 0) else {
                throw SSHError(
                    .invalidConfiguration,
                    "\(rule): \"\(name.escapedForLog)\" is wrong, expected the user that the relay runs as: only root "
                        + "can run a command as another"
                )
            }
            guard CommandUser.hasLauncher else {
                throw SSHError(
                    .invalidConfiguration,
                    "\(rule): a command is run by \(CommandUser.launcher) of util-linux, which is missing, expected it there"
                )
            }
        }
    }
}

extension AccountSettings {
    fileprivate struct Command {
        let name: String
        let isSet: Bool
        let rule: Rule?
        let user: String?
        let userRule: Rule?
    }

    fileprivate var commands: [Command] {
        [
            Command(
                name: CommandInvocation.Kind.keys.rawValue,
                isSet: self.authorizedKeysCommand != nil,
                rule: self.$authorizedKeysCommand.rule,
                user: self.authorizedKeysCommandUser,
                userRule: self.$authorizedKeysCommandUser.rule
            ),
            Command(
                name: CommandInvocation.Kind.principals.rawValue,
                isSet: self.authorizedPrincipalsCommand != nil,
                rule: self.$authorizedPrincipalsCommand.rule,
                user: self.authorizedPrincipalsCommandUser,
                userRule: self.$authorizedPrincipalsCommandUser.rule
            ),
        ]
    }
}
