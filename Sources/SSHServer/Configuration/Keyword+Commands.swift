import SSHConfiguration

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
