import SSHForwarding
import SSHProtocol
import SSHWire

/// A connection as an operator sees it.
extension ServerConnection: OperatedConnection {
    var number: UInt64 { self.id }

    var owner: (account: String, fingerprint: String)? {
        self.loggedIn.map { ($0.login.user, $0.login.fingerprint) }
    }

    var load: ConnectionLoad? {
        switch self.phase {
        case .beginning: ConnectionLoad()
        case .loggedIn(let loggedIn): loggedIn.load
        case .ended: nil
        }
    }

    var summary: ConnectionSummary? {
        guard let loggedIn = self.loggedIn else { return nil }
        let (load, forwards) = (loggedIn.load, loggedIn.listeners?.forwards)
        let ports = (forwards?.listeners ?? []).sorted { $0.port < $1.port }
        let listeners: [ConnectionSummary.Listener] =
            ports.map { listener in
                switch listener.place {
                case .name(let name): .name(name.name.text, name.port)
                case .port(let port, _):
                    .port(port, host: listener.requested.host, addresses: listener.boundAddresses)
                }
            }
            + (forwards?.listeningPaths ?? []).sorted().map { .path($0) }
        let (client, record) = (self.client, self.client.record)
        return ConnectionSummary(
            connection: client.id,
            account: loggedIn.login.user,
            key: loggedIn.login.fingerprint,
            address: client.peer.address,
            port: UInt16(clamping: client.peer.port),
            since: UInt64(clamping: record.began.seconds),
            listeners: Array(listeners.prefix(ConnectionSummary.mostListeners)),
            listenerCount: listeners.count,
            tunnels: load.tunnels,
            sent: record.sent + load.sent,
            received: record.received + load.received
        )
    }

    func listens(on port: UInt16) -> Bool {
        self.loggedIn?.listeners?.forwards.listeners.contains { $0.place.line == .port(port) } ?? false
    }

    func holds(_ name: String) -> Bool {
        self.loggedIn?.listeners?.forwards.listeners.contains { listener in
            if case .name(let registered) = listener.place { registered.name.text == name } else { false }
        } ?? false
    }

    func kick(_ target: KickTarget, by who: String) -> Bool {
        let client = self.client
        guard let progress = self.progress, let handler = client.handler, !handler.hasEnded else { return false }
        let reason = "ended by \(who) (kick \(target.description))"
        client.logger.write(ConnectionEndLines(phase: progress, peer: client.peer).lines(SSHError(.system, reason)))
        client.endReason = "ended by the relay's operator"
        handler.disconnect(.byApplication, "ended by the relay's operator")
        return true
    }

    /// For the line about the connection's end; nil when it has ended.
    private var progress: ConnectionPhase? {
        switch self.phase {
        case .beginning(let beginning): beginning.phase
        case .loggedIn(let loggedIn): loggedIn.phase
        case .ended: nil
        }
    }
}

extension LoggedInConnection {
    fileprivate var load: ConnectionLoad {
        let forwards = self.listeners?.forwards
        var load = ConnectionLoad(
            isLoggedIn: true,
            listeners: (forwards?.listeners.count ?? 0) + (forwards?.listeningPaths.count ?? 0)
        )
        for tunnel in self.channels?.tunnels ?? [] {
            load.tunnels += 1
            load.sent += tunnel.bytesReceived
            load.received += tunnel.bytesSent
        }
        return load
    }
}

extension RemoteForwards {
    /// Unix sockets on which the client has the relay listen.
    var listeningPaths: [String] {
        self.unixEntries.compactMap { if case .listening = $0.value { $0.key } else { nil } }
    }
}
