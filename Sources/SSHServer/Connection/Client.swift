import Logging
import NIOCore
import SSHForwarding
import SSHProtocol
import SSHSystem

/// Who is at the other end of a connection, and what all phases of the connection need.
///
/// Everything happens on the connection's event loop.
final class Client {
    let context: RelayContext
    /// What the connection's log lines are told apart by.
    let id: UInt64
    let peer: PeerName
    let source: ClientSource
    /// The name in them may be found while the connection begins.
    var facts: ConnectionFacts
    /// nil when the connection has ended.
    var handler: ConnectionHandler?
    /// As whom the client has logged in.
    var account: String?
    /// Where a Match block says it.
    var logLevel: Logger.Level?
    /// Why we ended the connection, if we did: for the tunnels' last lines.
    var endReason: String?
    /// The connection's socket, and those of its tunnels and listeners, which count for the account from the login on.
    let descriptors = ResourceShare(ResourceBudget.descriptors.account(named: ""))
    var record = ConnectionRecord()

    init(_ context: RelayContext, peer: PeerName, source: ClientSource, facts: ConnectionFacts) {
        self.context = context
        self.id = context.nextConnectionNumber()
        self.peer = peer
        self.source = source
        self.facts = facts
        // The connection's own socket, which is nobody's until somebody logs in.
        self.descriptors.charge(1)
    }

    var eventLoop: (any EventLoop)? { self.handler?.eventLoop }

    var logger: ConnectionLog {
        ConnectionLog(logger: self.context.logger, connection: self.id, level: self.logLevel)
    }

    /// For lines that a client's requests cause, on all connections of its account: it can make more of them than anybody can
    /// read.
    var requestLog: ConnectionLog {
        guard let account = self.account else { return self.sourceLog }
        return self.log(sharing: .requests(account: account.escapedForLog))
    }

    /// For lines that connections cause by coming and going.
    var sourceLog: ConnectionLog {
        guard let account = self.account else { return self.log(sharing: .connections(source: self.peer.source)) }
        return self.log(sharing: .logins(account: account.escapedForLog, source: self.peer.source))
    }

    private func log(sharing subject: LineSubject) -> ConnectionLog {
        var log = self.logger
        log.budget = self.allowance(for: subject)
        return log
    }

    func allowance(for subject: LineSubject) -> LineAllowance {
        LineAllowance(budgets: self.context.lineBudgets, subject: subject)
    }
}
