import Logging
import NIOCore
import SSHCrypto
import SSHForwarding
import SSHProtocol
import SSHSystem
import SSHWire

/// The client's -L, -D, -W and -J: direct-tcpip (RFC 4254 §7.2).
extension ServerConnection {
    func dial(_ connection: ConnectionHandler, _ channel: ChannelID, _ addresses: TunnelAddresses) {
        guard let policy = self.policy, let eventLoop = connection.eventLoop else { return }
        let (host, port) = (addresses.host, addresses.port)
        let decision = policy.mayOpen(host: host, port: port)
        guard decision.isPermitted else {
            self.requestLog.info(
                """
                Received request from \(self.peer) to connect to host \(host.escapedForLog) port \(port), \
                but the request was denied. [\(decision.rule)]
                """
            )
            return connection.refuse(channel, .administrativelyProhibited, "open failed")
        }
        // Who is told by whom he is called is told by TCP.
        let joined = policy.announcesClient(host: host, port: port) ? nil : self.join(host, port, on: eventLoop)
        let descriptor = joined == nil ? self.takeSocket() : nil
        guard joined != nil || descriptor != nil else {
            return connection.refuse(channel, .resourceShortage, "no socket is left")
        }
        let asker = self.asker
        let dialed =
            joined.map(eventLoop.makeSucceededFuture)
            ?? Dialer(for: self.lookupAsker, isWanted: { !asker.isGone }).connect(host: host, port: port, on: eventLoop)
        dialed.assumeIsolated().whenComplete { result in
            switch result {
            case .failure(let error):
                let reason = ErrorText.of(error)
                let log = self.requestLog
                log.error(Self.failedDial(host, port, error))
                log.debug("\(self.peer): connect to \(host.escapedForLog) port \(port) failed: \(reason)")
                connection.refuse(channel, .connectFailed, reason)
            case .success(let socket):
                if policy.announcesClient(host: host, port: port) {
                    socket.writeAndFlush(ProxyHeader(client: self.peer, on: socket).version2, promise: nil)
                }
                let audit = TunnelAudit(
                    kind: "direct-tcpip",
                    from: "\(self.peer)",
                    to: "\(host.escapedForLog) port \(port)"
                )
                self.tunnel(connection, audit, descriptor).accept(channel, with: socket)
            }
        }
    }

    /// Names are looked up on behalf of a key: a whole fleet may share an account.
    var lookupAsker: LookupAsker? { self.login.map { LookupAsker($0.claim.key.blob) } }

    /// A tunnel that is counted, watched, and written about when it ends.
    ///
    /// - Parameter descriptor: what its socket takes of the account's share, if it is one.
    func tunnel(
        _ connection: ConnectionHandler,
        _ audit: TunnelAudit,
        _ descriptor: ResourceReservation?
    ) -> Tunnel {
        let tunnel = Tunnel(connection) { tunnel in
            withExtendedLifetime(descriptor) {}
            audit.write(tunnel, self)
            self.record.add(tunnel)
            self.context.traffic.add(tunnel)
            self.ended(tunnel)
        }
        tunnel.limit(by: self.rateLimiters)
        self.began(tunnel, type: audit.kind)
        return tunnel
    }
}

extension ServerConnection {
    /// sshd's words for a target that could not be reached, and for a name that nobody knows; it has the same for a name whose
    /// servers are away.
    fileprivate static func failedDial(_ host: String, _ port: UInt32, _ error: any Error) -> Logger.Message {
        let (host, reason) = (host.escapedForLog, ErrorText.of(error))
        if ErrorText.isUnknownName(error) { return "connect_to \(host): unknown host (\(reason))" }
        if ErrorText.isNameNotLookedUp(error) {
            return "connect_to \(host): the name could not be looked up (\(reason))"
        }
        return "connect_to \(host) port \(port): failed."
    }
}
