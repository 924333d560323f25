import SSHConfiguration
import SSHCrypto

/// AuthorizedKeysCommand and AuthorizedPrincipalsCommand: asked when the files have not let anybody in, and judged as files are.
extension LoginJudgement {
    /// The lines of AuthorizedKeysCommand; nil if there is none.
    mutating func keysOfCommand() throws(LoginRefusal) -> AuthorizedKeys? {
        guard let command = self.settings.authorizedKeysCommand else { return nil }
        let file: AuthorizedKeysFile
        switch try self.ask(command, .keys, as: self.settings.authorizedKeysCommandUser) {
        case .said(let bytes): file = AuthorizedKeysFile(bytes, path: command.text)
        case .remembered(.key(let key)): file = AuthorizedKeysFile(keys: [key])
        default: return nil
        }
        return AuthorizedKeys(files: [file])
    }

    /// The lines of AuthorizedPrincipalsCommand; nil if there is none.
    mutating func principalsOfCommand(_ certificate: Certificate) throws(LoginRefusal) -> PrincipalsFile? {
        guard let command = self.settings.authorizedPrincipalsCommand else { return nil }
        switch try self.ask(command, .principals, as: self.settings.authorizedPrincipalsCommandUser) {
        case .said(let bytes): return PrincipalsFile(bytes, path: command.text, upTo: certificate.names)
        case .remembered(.principal(let line)): return PrincipalsFile(line: line)
        default: return nil
        }
    }

    /// A line of a command's is what lets in.
    mutating func remember(_ line: RememberedLine.Content) {
        switch line {
        case .key: self.remembered = self.settings.authorizedKeysCommand.map { RememberedLine(line, of: .keys, $0) }
        case .principal:
            self.remembered = self.settings.authorizedPrincipalsCommand.map {
                RememberedLine(line, of: .principals, $0)
            }
        }
    }

    /// - Throws: also when the command has yet to be run: `awaited` says so then.
    private mutating func ask(
        _ command: AccountCommand,
        _ kind: AccountCommand.Kind,
        as user: String?
    ) throws(LoginRefusal) -> CommandAnswers.Answer {
        guard let user else {
            let line = "No user for \(kind.rawValue) specified, skipping"
            throw LoginRefusal(line, said: .error(line))
        }
        let (claim, account) = (self.claim, self.account)
        var arguments: [String]
        do {
            arguments = try command.arguments { claim.value(of: $0, for: account) }
        } catch {
            throw LoginRefusal("\(kind.rawValue): \((error as? InvalidValue)?.reason ?? "\(error)")")
        }
        // A keys command that says nothing of its arguments gets the account's name.
        if kind == .keys, !command.hasArguments { arguments = [account.name.text] }
        let invocation = CommandInvocation(kind: kind, command: command, arguments: arguments, user: user)
        let answer = self.answers[invocation]
        switch answer {
        case .said, .remembered: return answer
        // Whoever ran it has logged why.
        case .failed(let failure):
            if failure.isPassing { self.hasPassingFault = true }
            throw LoginRefusal(failure.line.message)
        case .unknown:
            self.awaited = invocation
            throw LoginRefusal("\(kind.rawValue) has yet to be run")
        }
    }
}
