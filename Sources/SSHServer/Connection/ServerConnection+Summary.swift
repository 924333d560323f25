import Logging
import SSHForwarding
import SSHProtocol
import SSHWire

/// When a connection began, and what its tunnels have moved that have ended: those that run count by themselves.
struct ConnectionRecord {
    let began = LogTime.now()
    private(set) var sent: UInt64 = 0
    private(set) var received: UInt64 = 0

    /// As the client sees it: what it sent and what it got.
    mutating func add(_ tunnel: Tunnel) {
        self.sent += tunnel.bytesReceived
        self.received += tunnel.bytesSent
    }
}

/// A connection as an operator sees it.
extension ServerConnection: OperatedConnection {
    var number: UInt64 { self.id }

    var owner: (account: String, fingerprint: String)? { self.login.map { ($0.user, $0.fingerprint) } }

    var load: ConnectionLoad {
        var load = ConnectionLoad(
            isLoggedIn: self.login != nil,
            listeners: self.login == nil ? 0 : self.forwards.listeners.count + self.forwards.listeningPaths.count
        )
        for running in self.channels.values {
            guard let tunnel = running.channel as? Tunnel else { continue }
            load.tunnels += 1
            load.sent += tunnel.bytesReceived
            load.received += tunnel.bytesSent
        }
        return load
    }

    var summary: ConnectionSummary? {
        guard let login = self.login, self.handler != nil else { return nil }
        let (load, ports) = (self.load, self.forwards.listeners.sorted { $0.port < $1.port })
        let listeners: [ConnectionSummary.Listener] =
            ports.map { .port($0.port, host: $0.requested.host, addresses: $0.boundAddresses) }
            + self.forwards.listeningPaths.sorted().map { .path($0) }
        return ConnectionSummary(
            connection: self.id,
            account: login.user,
            key: login.fingerprint,
            address: self.peer.address,
            port: UInt16(clamping: self.peer.port),
            since: UInt64(clamping: self.record.began.seconds),
            listeners: Array(listeners.prefix(ConnectionSummary.mostListeners)),
            listenerCount: listeners.count,
            tunnels: load.tunnels,
            sent: self.record.sent + load.sent,
            received: self.record.received + load.received
        )
    }

    func listens(on port: UInt16) -> Bool {
        self.login != nil && self.forwards.listeners.contains { $0.port == port }
    }

    func kick(_ target: KickTarget, by who: Operator) -> Bool {
        guard let handler = self.handler, !handler.hasEnded else { return false }
        let reason = "ended by \(who) (kick \(target.description))"
        self.logger.write(ConnectionEndLines(phase: self.phase, peer: self.peer).lines(SSHError(.system, reason)))
        self.endReason = "ended by the relay's operator"
        handler.disconnect(.byApplication, "ended by the relay's operator")
        return true
    }
}

extension RemoteForwards {
    /// Unix sockets on which the client has the relay listen.
    var listeningPaths: [String] {
        self.unixEntries.compactMap { if case .listening = $0.value { $0.key } else { nil } }
    }
}
