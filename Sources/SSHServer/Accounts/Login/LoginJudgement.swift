import SSHConfiguration
import SSHCrypto
import SSHProtocol

/// One claim being judged, with everything that is asked about it.
struct LoginJudgement {
    let claim: LoginClaim
    let account: Account
    let facts: ConnectionFacts
    let sharedSettings: Shared<AccountSettings>
    let strictModes: Bool
    /// Seconds since 1970.
    let now: UInt64
    var consulted: ConsultedFiles
    /// The claim's connection stands already, and is judged again.
    var isStanding = false
    /// What commands have said.
    var answers = CommandAnswers()
    /// What is asked before any line of a file is satisfied.
    private(set) var isLookingForLine = false
    /// Something could not be asked just now, for a reason that has nothing to do with who wants to log in.
    var hasPassingFault = false
    /// The command without which nothing can be decided.
    var awaited: CommandInvocation?
    /// The line of a command's that lets in, if it is one.
    var remembered: RememberedLine?

    var settings: AccountSettings { self.sharedSettings.value }

    /// The line that accepts the claim, its options narrowed by a certificate's.
    mutating func line(in keys: AuthorizedKeys) throws(LoginRefusal) -> AuthorizedKey {
        try self.checkSettings()
        try self.checkRevocation()
        self.isLookingForLine = true
        let line: AuthorizedKey
        switch self.claim.credential {
        case .key(let key):
            line = try self.line(for: key, in: keys)
        case .certificate(let certificate):
            line = try self.line(for: certificate, in: keys)
        }
        try self.checkSecurityKey(line)
        try self.checkRoot(line)
        return line
    }

    func grant(_ line: AuthorizedKey) -> LoginGrant {
        var ends = line.options.expiryTime.map { [$0] } ?? []
        if case .certificate(let certificate) = self.claim.credential { ends.append(certificate.validBefore) }
        let expires = ends.min().flatMap { $0 == .max ? nil : $0 }
        return LoginGrant(
            key: line,
            sharedSettings: self.sharedSettings,
            expires: expires,
            files: self.consulted.paths,
            remembered: self.remembered
        )
    }

    /// As in sshd, the files come first, and the command is not asked when they accept the key.
    private mutating func line(for key: PublicKey, in keys: AuthorizedKeys) throws(LoginRefusal) -> AuthorizedKey {
        let reasons: LoginRefusal
        do throws(LoginRefusal) {
            return try self.match(key, in: keys)
        } catch {
            reasons = error
        }
        do throws(LoginRefusal) {
            guard let said = try self.keysOfCommand() else { throw LoginRefusal([]) }
            let line = try self.match(key, in: said)
            self.remember(.key(line))
            return line
        } catch {
            throw LoginRefusal(reasons.reasons + error.reasons, said: reasons.said + error.said)
        }
    }

    private func match(_ key: PublicKey, in keys: AuthorizedKeys) throws(LoginRefusal) -> AuthorizedKey {
        switch keys.match(blob: key.blob, at: self.now, from: self.facts.origin) {
        case .accepted(let line): return line
        case .refused(let reasons):
            let lines = keys.keys.filter { $0.blob == key.blob && !$0.options.certificateAuthority }
            let said = reasons.compactMap(\.said) + lines.flatMap(self.refusalLines)
            throw LoginRefusal(reasons.map(\.description), said: said)
        }
    }

    // MARK: What holds for every credential

    private func checkSettings() throws(LoginRefusal) {
        let mayLogIn = self.settings.mayLogIn(self.facts)
        guard mayLogIn.isPermitted else { throw LoginRefusal("\(mayLogIn.rule)") }
        guard self.settings.pubkeyAuthentication else {
            throw LoginRefusal("\(self.settings.$pubkeyAuthentication.rule ?? .builtIn("PubkeyAuthentication no"))")
        }
        guard self.settings.authenticationMethods.letsAnybodyIn else {
            throw LoginRefusal("\(self.settings.$authenticationMethods.rule ?? .builtIn("AuthenticationMethods none"))")
        }
        guard self.claim.algorithms.contains(where: self.settings.pubkeyAcceptedAlgorithms.contains) else {
            throw LoginRefusal(
                "\(self.settings.$pubkeyAcceptedAlgorithms.rule ?? .builtIn("PubkeyAcceptedAlgorithms"))"
            )
        }
        if let bits = self.claim.key.rsaBits, bits < self.settings.requiredRSASize {
            throw LoginRefusal("an RSA key of \(bits) bits: RequiredRSASize is \(self.settings.requiredRSASize)")
        }
    }

    private mutating func checkRevocation() throws(LoginRefusal) {
        for path in self.settings.revokedKeys {
            let file: RevokedKeyFile
            do throws(LoginRefusal) {
                file = try self.consulted.revokedKeys(path, at: self.now)
            } catch {
                // A list that is broken for a while lets in nobody, but one slip of an editor must not end every
                // connection. The file is watched, and judged by when it is whole again.
                if self.isStanding { continue }
                if error.isPassing { self.hasPassingFault = true }
                throw LoginRefusal(error.reasons, said: error.cause.map { [self.unreadable(path, $0)] } ?? [])
            }
            let isRevoked =
                switch self.claim.credential {
                case .key(let key): file.revokes(key: key.blob)
                case .certificate(let certificate): file.revokes(certificate)
                }
            guard !isRevoked else {
                throw LoginRefusal("the key is revoked: it stands in RevokedKeys \(path)", said: self.revoked(path))
            }
        }
    }

    private func checkRoot(_ line: AuthorizedKey) throws(LoginRefusal) {
        // As in sshd, the key would do: that it is root's is told when it is proven.
        guard self.account.userID == 0, !self.claim.isQuestion else { return }
        let isPermitted =
            switch self.settings.permitRootLogin {
            case .yes, .withoutPassword: true
            case .forcedCommandsOnly: line.options.command != nil
            case .no: false
            }
        guard isPermitted else {
            var refusal = LoginRefusal("\(self.settings.$permitRootLogin.rule ?? .builtIn("PermitRootLogin"))")
            refusal.isOfRoot = true
            refusal.said = [.verbose(self.grant(line).acceptedText(self.claim))]
            throw refusal
        }
    }

    /// Security keys must have been touched, and where something says so, unlocked. Without a signature there is nothing
    /// to see yet.
    private func checkSecurityKey(_ line: AuthorizedKey) throws(LoginRefusal) {
        guard self.claim.isProven, let securityKey = self.claim.securityKey else { return }
        let touch = line.options.requiresUserPresence || self.settings.pubkeyAuthOptions.contains(.touchRequired)
        if touch, !securityKey.userPresent { throw LoginRefusal("\(line.rule): the security key was not touched") }
        let unlock =
            line.options.requiresUserVerification || self.settings.pubkeyAuthOptions.contains(.verifyRequired)
        if unlock, !securityKey.userVerified { throw LoginRefusal("\(line.rule): the security key was not unlocked") }
    }
}
