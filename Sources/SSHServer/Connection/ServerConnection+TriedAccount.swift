import NIOCore
import SSHForwarding
import SSHSystem

/// Whether the account exists that somebody tries to log in to: the log says so at the first try, whatever is tried.
/// Guessed passwords are told that way, and what bans those who guess goes by it.
extension ServerConnection {
    enum TriedAccountState {
        case unasked
        case asked(waiting: [() -> Void])
        case known(TriedAccount)
    }

    /// - Parameter then: what has to come after the line that says so.
    func lookUpTriedAccount(_ eventLoop: any EventLoop, then: (() -> Void)? = nil) {
        switch self.triedAccount {
        case .known: then?()
        case .asked(let waiting): self.triedAccount = .asked(waiting: waiting + (then.map { [$0] } ?? []))
        case .unasked:
            self.triedAccount = .asked(waiting: then.map { [$0] } ?? [])
            let (user, configuration, facts) = (self.triedUserName, self.context.rules.configuration, self.facts)
            let files = self.context.accountFiles()
            self.work(on: eventLoop) {
                TriedAccount.find(user, configuration: configuration, facts: facts, files: files)
            } _: {
                self.found($0)
            }
        }
    }

    /// Runs what has to come after the account's line: at once where none is awaited.
    func afterTriedAccount(_ body: @escaping () -> Void) {
        guard case .asked(let waiting) = self.triedAccount else { return body() }
        self.triedAccount = .asked(waiting: waiting + [body])
    }

    private func found(_ account: TriedAccount) {
        guard case .asked(let waiting) = self.triedAccount else { return }
        self.triedAccount = .known(account)
        switch account {
        case .valid: break
        case .unknown: self.sourceLog.info("Invalid user \(self.triedUser) from \(self.peer)")
        case .notAllowed(let reason):
            self.sourceLog.info("User \(self.triedUser) from \(self.peer.address) not allowed because \(reason)")
        }
        for body in waiting { body() }
    }

    /// What its source has to answer for, now that it is over.
    var settledOffence: SourcePenalties.Offence {
        guard self.offence == .failedAuthentication, case .known(let account) = self.triedAccount, account.isInvalid
        else { return self.offence }
        return .invalidUser
    }

    /// The connection ended before it was known.
    func giveUpOnTriedAccount() {
        guard case .asked(let waiting) = self.triedAccount else { return }
        self.triedAccount = .unasked
        for body in waiting { body() }
    }

    /// For the lines about the connection's end.
    var phase: ConnectionPhase {
        if let login = self.login { return .loggedIn(user: login.user.escapedForLog) }
        switch self.triedAccount {
        case .known(let account): return .authentication(user: self.triedUser, isInvalid: account.isInvalid)
        case .asked, .unasked: return self.hasIdentified ? .keyExchange : .identification
        }
    }
}
