import NIOCore
import SSHForwarding
import SSHSystem

/// The account that somebody tries to log in to, and whether it exists: the log says so at the first try, whatever is tried.
/// Guessed passwords are told that way, and what bans those who guess goes by it.
final class TriedAccountInquiry {
    private enum State {
        case unasked
        case asked(waiting: [() -> Void])
        case known(TriedAccount)
    }

    private let client: Client
    private let work: AwaitedWork
    private var state = State.unasked
    /// The account that was tried last.
    var user = ""
    private var hasFailed = false
    /// What its source has to answer for when the connection ends without a login.
    var offence = SourcePenalties.Offence.noAuthentication

    init(_ client: Client, _ work: AwaitedWork) {
        self.client = client
        self.work = work
    }

    /// The name that the client gave, fit for a log. A space would let a name say ` from ADDRESS` to what reads the log.
    var userInLog: String {
        let name = self.user.escapedForLog
        guard name.utf8.contains(UInt8(ascii: " ")) else { return name }
        return name.split(separator: " ", omittingEmptySubsequences: false).joined(separator: "\\040")
    }

    /// A try has failed that was no key.
    func noteFailure() {
        // The first try of many clients is "none", which asks for the methods that there are.
        if self.hasFailed { self.offence = .failedAuthentication }
        self.hasFailed = true
    }

    /// - Parameter then: what has to come after the line that says so.
    func lookUp(_ eventLoop: any EventLoop, then: (() -> Void)? = nil) {
        switch self.state {
        case .known: then?()
        case .asked(let waiting): self.state = .asked(waiting: waiting + (then.map { [$0] } ?? []))
        case .unasked:
            self.state = .asked(waiting: then.map { [$0] } ?? [])
            let context = self.client.context
            let (user, configuration, facts) = (self.user, context.rules.configuration, self.client.facts)
            let files = context.accountFiles()
            self.work.run(for: user, on: eventLoop) {
                TriedAccount.find(user, configuration: configuration, facts: facts, files: files)
            } _: {
                self.found($0)
            }
        }
    }

    /// Whoever is accepted has an account that may log in.
    func isAccepted() {
        if case .unasked = self.state { self.state = .known(.valid) }
    }

    /// Runs what has to come after the account's line: at once where none is awaited.
    func afterAnswer(_ body: @escaping () -> Void) {
        guard case .asked(let waiting) = self.state else { return body() }
        self.state = .asked(waiting: waiting + [body])
    }

    private func found(_ account: TriedAccount) {
        guard case .asked(let waiting) = self.state else { return }
        self.state = .known(account)
        let (log, peer) = (self.client.sourceLog, self.client.peer)
        switch account {
        case .valid: break
        case .unknown: log.info("Invalid user \(self.userInLog) from \(peer)")
        case .notAllowed(let reason):
            log.info("User \(self.userInLog) from \(peer.address) not allowed because \(reason)")
        }
        for body in waiting { body() }
    }

    /// There is no such account, or it may not log in.
    var isInvalid: Bool {
        if case .known(let account) = self.state { account.isInvalid } else { false }
    }

    /// What the source has to answer for, now that it is over.
    var settledOffence: SourcePenalties.Offence {
        self.offence == .failedAuthentication && self.isInvalid ? .invalidUser : self.offence
    }

    /// How far the connection has come, if somebody has tried to log in.
    var phase: ConnectionPhase? {
        guard case .known(let account) = self.state else { return nil }
        return .authentication(user: self.userInLog, isInvalid: account.isInvalid)
    }

    /// The connection ended before it was known.
    func giveUp() {
        guard case .asked(let waiting) = self.state else { return }
        self.state = .unasked
        for body in waiting { body() }
    }
}
