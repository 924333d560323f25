import NIOCore
import SSHForwarding
import SSHProtocol
import SSHSystem
import SSHWire

/// What requests for tunnels and listeners need of the connection. What they make the relay hold counts for the account.
extension LoggedInConnection: RoutedClient {
    /// A listener's objects, in bytes, and its sockets: one for each family.
    private static let listenerBytes = 8 * 1024
    private static let listenerSockets = 2

    var id: UInt64 { self.client.id }
    var peer: PeerName { self.client.peer }
    var handler: ConnectionHandler? { self.client.handler }
    var routes: Routes { self.client.context.routes }
    var isStopping: Bool { self.client.context.isStopping }
    var asker: FairThreads.Asker { self.work.asker }
    var logger: ConnectionLog { self.client.logger }
    var requestLog: ConnectionLog { self.client.requestLog }
    var sourceLog: ConnectionLog { self.client.sourceLog }

    var policy: ForwardingPolicy {
        let rules = self.client.context.rules
        return ForwardingPolicy(
            settings: self.login.grant.sharedSettings,
            key: self.login.grant.key,
            keyName: self.login.claim.certificateIdentifier,
            addressFamily: rules.configuration.addressFamily,
            ruled: self.login.grant.ruled,
            controlSocket: rules.controlSocket
        )
    }

    func takeSocket() -> ResourceReservation? {
        if let socket = self.client.descriptors.reserve(1, for: .descriptor) { return socket }
        self.requestLog.info("\(self.peer): no tunnel: the account holds all the sockets that it may for now")
        return nil
    }

    func takeListenerRoom(beside count: Int, hasSockets: Bool) throws(RemoteForwards.Refusal) -> ListenerRoom {
        if let limit = self.login.grant.settings.maxListeners, count >= limit { throw .limit(limit) }
        guard let memory = self.handler?.memory.reserve(Self.listenerBytes, for: .opening) else { throw .noRoom }
        guard hasSockets else { return ListenerRoom(memory: memory, descriptors: nil) }
        guard let descriptors = self.client.descriptors.reserve(Self.listenerSockets, for: .descriptor) else {
            throw .noRoom
        }
        return ListenerRoom(memory: memory, descriptors: descriptors)
    }

    func tunnel(
        _ connection: ConnectionHandler,
        _ audit: TunnelAudit,
        _ descriptor: ResourceReservation?
    ) -> Tunnel {
        let channels = self.watchedChannels
        let tunnel = Tunnel(connection) { tunnel in
            withExtendedLifetime(descriptor) {}
            self.write(audit, tunnel)
            self.client.record.add(tunnel)
            self.client.context.traffic.add(tunnel)
            channels.ended(tunnel)
        }
        tunnel.limit(by: self.rateLimiters)
        channels.began(tunnel, type: audit.kind)
        return tunnel
    }

    private func write(_ audit: TunnelAudit, _ tunnel: Tunnel) {
        let account = self.login.user.escapedForLog
        let handlersEnd = self.handler?.endReason.map { ended in
            ended.code == .disconnectedByPeer ? "the client disconnected: \(ended.reason)" : ended.reason
        }
        audit.write(
            tunnel,
            account: account,
            key: self.login.fingerprint,
            to: self.logger,
            self.client.allowance(for: .tunnels(account: account)),
            connectionEnd: self.client.endReason ?? handlersEnd
        )
    }

    func withUnixPolicy(
        _ connection: ConnectionHandler,
        orElse refuse: (() -> Void)?,
        _ body: @escaping (ForwardingPolicy, Account) -> Void
    ) {
        let policy = self.policy
        guard let name = AccountName(self.login.user), let eventLoop = connection.eventLoop else { return }
        guard policy.needsUnixAccount else { return body(policy, Account(name: name)) }
        guard self.accountQuestions.begin(mayWait: refuse == nil) else {
            self.requestLog.info("\(self.peer): too many paths at a time")
            refuse?()
            return
        }
        self.work.run(for: self.login.user, on: eventLoop, { Account.lookingUp(name) }) { account in
            self.accountQuestions.end()
            guard !connection.hasEnded else { return }
            body(policy, account)
        }
    }

    func end(because reason: String, _ message: String) {
        self.client.endReason = reason
        self.handler?.disconnect(.byApplication, message)
    }
}

/// How often the system is being asked about the account, for paths that ask for it.
struct AccountQuestions {
    /// So many paths of a connection wait for the system's word.
    private static let most = 64

    private var count = 0

    /// - Parameter mayWait: whether it is asked even if much waits already.
    mutating func begin(mayWait: Bool) -> Bool {
        guard mayWait || self.count < Self.most else { return false }
        self.count += 1
        return true
    }

    mutating func end() {
        self.count -= 1
    }
}
