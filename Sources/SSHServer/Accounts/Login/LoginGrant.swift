import SSHConfiguration

/// An accepted login: as whom, under which settings, and for how long.
struct LoginGrant: Sendable {
    /// The line that accepted it, its options narrowed by those of a certificate.
    let key: AuthorizedKey
    let sharedSettings: Shared<AccountSettings>
    /// Seconds since 1970: when it ends by itself.
    let expires: UInt64?
    /// Every file that was asked, also those that do not exist: when one changes, the login is judged again.
    let files: [String]
    /// The line of a command's that accepted it, as the command wrote it; nil for a line of a file.
    let remembered: RememberedLine?
    /// What a policy decides that takes the place of files; nil where files decide.
    var ruled: RuledLogin?

    var settings: AccountSettings { self.sharedSettings.value }
}

/// A key that signed before another one did, where AuthenticationMethods asks for several.
struct EarlierClaim: Sendable {
    let claim: LoginClaim
    /// As in `LoginGrant`.
    let remembered: RememberedLine?
}

extension LoginGrant {
    /// What holds for who has shown several keys: as in sshd, lists of an earlier key go first, everything else is as narrow as
    /// the narrowest of them.
    ///
    /// - Throws: if two of them force different commands.
    func merged(after earlier: [LoginGrant]) throws(LoginRefusal) -> LoginGrant {
        var options = self.key.options
        for grant in earlier.reversed() {
            guard let merged = grant.key.options.merged(with: options) else {
                throw LoginRefusal("\(self.key.rule): forced command options do not match those of \(grant.key.rule)")
            }
            options = merged
        }
        let key = AuthorizedKey(
            options: options,
            keyType: self.key.keyType,
            blob: self.key.blob,
            comment: self.key.comment,
            file: self.key.file,
            line: self.key.line
        )
        return LoginGrant(
            key: key,
            sharedSettings: self.sharedSettings,
            expires: ([self] + earlier).compactMap(\.expires).min(),
            files: earlier.flatMap(\.files) + self.files,
            remembered: self.remembered,
            ruled: self.ruled
        )
    }
}

extension KeyOptions {
    /// - Returns: nil if the two force different commands.
    fileprivate func merged(with later: KeyOptions) -> KeyOptions? {
        var options = self
        if let command = later.command {
            guard self.command?.hasSameBytes(as: command) ?? true else { return nil }
            options.command = command
        }
        if !later.permitsPortForwarding, self.permitsPortForwarding {
            options.permitsPortForwarding = false
            options.portForwardingRule = later.portForwardingRule
        }
        if options.permitListen.isEmpty { options.permitListen = later.permitListen }
        if options.permitOpen.isEmpty { options.permitOpen = later.permitOpen }
        if options.permitStreamLocalListen.isEmpty { options.permitStreamLocalListen = later.permitStreamLocalListen }
        if options.permitStreamLocalOpen.isEmpty { options.permitStreamLocalOpen = later.permitStreamLocalOpen }
        options.expiryTime = [self.expiryTime, later.expiryTime].compactMap(\.self).min()
        options.rateLimit = self.rateLimit ?? later.rateLimit
        options.permitCallers = self.permitCallers ?? later.permitCallers
        options.permitCommands = self.permitCommands.intersection(later.permitCommands)
        return options
    }
}
