import SSHSystem
import SSHWire

/// Who runs AuthorizedKeysCommand and AuthorizedPrincipalsCommand.
extension ServerConfiguration {
    /// As sshd, the relay does not start with a command that nobody is named to run.
    ///
    /// - Throws: `invalidConfiguration` with file, line, value and what was expected.
    func checkCommandUsers() throws {
        for line in self.defaults.commandLines where line.user.wrappedValue == nil {
            guard let command = line.command.wrappedValue else { continue }
            throw Self.problem(
                line.command.rule,
                line.name,
                "\"\(command.text)\" is set without \(line.name)User, expected both"
            )
        }
    }

    static func problem(_ rule: Rule?, _ keyword: String, _ reason: String) -> SSHError {
        let place = rule.map { "\($0.file) line \($0.line): " } ?? ""
        return SSHError(.invalidConfiguration, "\(place)\(keyword): \(reason)".escapedForLog)
    }
}

extension AccountSettings {
    typealias CommandLine = (name: String, command: Setting<AccountCommand?>, user: Setting<String?>)

    var commandLines: [CommandLine] {
        [
            (AccountCommand.Kind.keys.rawValue, self.$authorizedKeysCommand, self.$authorizedKeysCommandUser),
            (
                AccountCommand.Kind.principals.rawValue, self.$authorizedPrincipalsCommand,
                self.$authorizedPrincipalsCommandUser
            ),
        ]
    }
}
