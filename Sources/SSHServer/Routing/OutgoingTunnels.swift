import Logging
import NIOCore
import SSHCrypto
import SSHForwarding
import SSHProtocol
import SSHSystem
import SSHWire

/// The client's -L, -D, -W and -J: direct-tcpip (RFC 4254 §7.2) and direct-streamlocal (OpenSSH's PROTOCOL §2.4).
struct OutgoingTunnels {
    /// What the log says of where a tunnel leads.
    private struct Target {
        /// As RFC 4254 §7.2 names it.
        let kind: String
        let name: String
    }

    let client: any RoutedClient

    init(of client: any RoutedClient) {
        self.client = client
    }

    func open(_ channel: ChannelID, to addresses: TunnelAddresses, on connection: ConnectionHandler) {
        let (host, port) = (addresses.host, addresses.port)
        let route: Route
        do {
            route = try RouteResolver(for: self.client).route(to: host, port: port)
        } catch {
            self.client.requestLog.info(
                """
                Received request from \(self.client.peer) to connect to host \(host.escapedForLog) port \(port), \
                but the request was denied. [\(error.rule)]
                """
            )
            return connection.refuse(channel, .administrativelyProhibited, "open failed")
        }
        let target = Target(kind: "direct-tcpip", name: "\(host.escapedForLog) port \(port)")
        self.follow(route, to: target, for: channel, on: connection)
    }

    func open(_ channel: ChannelID, toPath path: String, on connection: ConnectionHandler) {
        let refuse = { connection.refuse(channel, .resourceShortage, "too many paths at a time") }
        self.client.withUnixPolicy(connection, orElse: refuse) { policy, account in
            let resolver = RouteResolver(policy: policy, listeners: self.client.routes.listeners)
            let route: Route
            do throws(RouteRefusal) {
                route = try resolver.route(to: path, for: account)
            } catch {
                self.client.requestLog.info(
                    """
                    Received request from \(self.client.peer) to connect to path \(path.escapedForLog), \
                    but the request was denied. [\(error.rule)]
                    """
                )
                return connection.refuse(channel, .administrativelyProhibited, "open failed")
            }
            let target = Target(kind: "direct-streamlocal@openssh.com", name: path.escapedForLog)
            self.follow(route, to: target, for: channel, on: connection)
        }
    }

    private func follow(
        _ route: Route,
        to target: Target,
        for channel: ChannelID,
        on connection: ConnectionHandler
    ) {
        guard let eventLoop = connection.eventLoop else { return }
        if case .listener(let holder, let address, let port) = route {
            let socket = holder.join(self.client.peer, on: eventLoop, address: address, port: port)
            return self.tunnel(to: target, on: connection, nil).accept(channel, with: socket)
        }
        guard let descriptor = self.client.takeSocket() else {
            return connection.refuse(channel, .resourceShortage, "no socket is left")
        }
        self.dial(route, on: eventLoop).assumeIsolated().whenComplete { result in
            switch result {
            case .failure(let error):
                self.log(error, of: route)
                connection.refuse(channel, .connectFailed, ErrorText.of(error))
            case .success(let socket):
                if case .socket(_, _, announcesClient: true) = route {
                    socket.writeAndFlush(ProxyHeader(client: self.client.peer, on: socket).version2, promise: nil)
                }
                self.tunnel(to: target, on: connection, descriptor).accept(channel, with: socket)
            }
        }
    }

    /// The log says of it how long it has been a tunnel, without the dialling.
    private func tunnel(
        to target: Target,
        on connection: ConnectionHandler,
        _ descriptor: ResourceReservation?
    ) -> Tunnel {
        let audit = TunnelAudit(kind: target.kind, from: "\(self.client.peer)", to: target.name)
        return self.client.tunnel(connection, audit, descriptor)
    }

    private func dial(_ route: Route, on eventLoop: any EventLoop) -> EventLoopFuture<any Channel> {
        switch route {
        case .socket(let host, let port, _):
            let asker = self.client.asker
            let dialer = Dialer(for: self.client.lookupAsker, isWanted: { !asker.isGone })
            return dialer.connect(host: host, port: port, on: eventLoop)
        // The path that was judged is the file that is dialled: a link on the way would make it another one.
        case .unixSocket(let path): return Dialer().connect(path: path, .refused, on: eventLoop)
        case .listener(let holder, let address, let port):
            let socket = holder.join(self.client.peer, on: eventLoop, address: address, port: port)
            return eventLoop.makeSucceededFuture(socket)
        }
    }

    private func log(_ error: any Error, of route: Route) {
        let (reason, log, peer) = (ErrorText.of(error), self.client.requestLog, self.client.peer)
        switch route {
        case .socket(let host, let port, _):
            log.error(Self.failedDial(host, port, error))
            log.debug("\(peer): connect to \(host.escapedForLog) port \(port) failed: \(reason)")
        case .unixSocket(let path): log.debug("\(peer): connect to path \(path.escapedForLog) failed: \(reason)")
        case .listener: break
        }
    }

    /// sshd's words for a target that could not be reached, and for a name that nobody knows; it has the same for a name whose
    /// servers are away.
    private static func failedDial(_ host: String, _ port: UInt32, _ error: any Error) -> Logger.Message {
        let (host, reason) = (host.escapedForLog, ErrorText.of(error))
        if ErrorText.isUnknownName(error) { return "connect_to \(host): unknown host (\(reason))" }
        if ErrorText.isNameNotLookedUp(error) {
            return "connect_to \(host): the name could not be looked up (\(reason))"
        }
        return "connect_to \(host) port \(port): failed."
    }
}
