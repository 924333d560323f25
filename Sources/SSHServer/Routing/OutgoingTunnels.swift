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
            self.logDenied(host, port, error.rule)
            return connection.refuse(channel, .administrativelyProhibited, "open failed")
        }
        let target = Target(kind: "direct-tcpip", name: "\(host.escapedForLog) port \(port)")
        self.follow(route, to: target, for: channel, on: connection)
    }

    func open(_ channel: ChannelID, toPath path: String, on connection: ConnectionHandler) {
        let refuse = { connection.refuse(channel, .resourceShortage, "too many paths at a time") }
        self.client.withUnixPolicy(connection, orElse: refuse) { policy, account in
            let resolver = RouteResolver(policy: policy, self.client.routes, account: self.client.login.user)
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
        switch route {
        case .listener(let holder, let address, let port):
            let socket = holder.join(self.client.peer, on: eventLoop, address: address, port: port)
            self.tunnel(to: target, on: connection, nil).accept(channel, with: socket)
        case .name(let name): self.call(name, target, for: channel, on: connection)
        case .connectPort(let port, let name):
            self.call(name, target, for: channel, on: connection) { socket in
                self.client.routes.connectPorts.began(socket, at: port, to: name)
            }
        case .socket(let host, let port, let announcesClient, let avoidsOwnDoors):
            self.connect(to: target, for: channel, on: connection, announcesClient: announcesClient) {
                let asker = self.client.asker
                let dialer = Dialer(for: self.client.lookupAsker, isWanted: { !asker.isGone })
                let socket = dialer.connect(host: host, port: port, on: eventLoop)
                return avoidsOwnDoors ? self.elsewhere(socket) : socket
            } onFailure: { error in
                guard !(error is OwnDoors.Refused) else { return self.logDenied(host, port, OwnDoors.rule) }
                self.client.requestLog.error(Self.failedDial(host, port, error))
                self.logFailure("host \(host.escapedForLog) port \(port)", error)
            }
        case .unixSocket(let path):
            // The path that was judged is the file that is dialled: a link on the way would make it another one.
            self.connect(to: target, for: channel, on: connection) {
                Dialer().connect(path: path, .refused, on: eventLoop)
            } onFailure: { error in
                self.logFailure("path \(path.escapedForLog)", error)
            }
        }
    }

    /// A name may lead to the relay itself, which nobody can tell before.
    private func elsewhere(_ socket: EventLoopFuture<any Channel>) -> EventLoopFuture<any Channel> {
        let doors = self.client.routes.doors
        return socket.flatMapThrowing { socket in
            guard !doors.leadsHere(socket) else {
                socket.close(promise: nil)
                throw OwnDoors.Refused()
            }
            return socket
        }
    }

    private func connect(
        to target: Target,
        for channel: ChannelID,
        on connection: ConnectionHandler,
        announcesClient: Bool = false,
        dial: () -> EventLoopFuture<any Channel>,
        onFailure: @escaping (any Error) -> Void
    ) {
        guard let descriptor = self.client.takeSocket() else {
            return connection.refuse(channel, .resourceShortage, "no socket is left")
        }
        dial().assumeIsolated().whenComplete { result in
            switch result {
            case .failure(let error):
                onFailure(error)
                guard !(error is OwnDoors.Refused) else {
                    return connection.refuse(channel, .administrativelyProhibited, "open failed")
                }
                connection.refuse(channel, .connectFailed, ErrorText.of(error))
            case .success(let socket):
                if announcesClient {
                    socket.writeAndFlush(ProxyHeader(client: self.client.peer, on: socket).version2, promise: nil)
                }
                self.tunnel(to: target, on: connection, descriptor).accept(channel, with: socket)
            }
        }
    }

    /// Whoever calls a device by its name is told what the device says.
    ///
    /// - Parameter isWanted: whether the tunnel may begin, now that the device has taken it.
    private func call(
        _ name: RegisteredName,
        _ target: Target,
        for channel: ChannelID,
        on connection: ConnectionHandler,
        isWanted: @escaping (any Channel) -> Bool = { _ in true }
    ) {
        guard let eventLoop = connection.eventLoop else { return }
        guard let holder = self.client.routes.listeners.holders(of: .name(name)).first else {
            self.client.requestLog.info("\(self.client.peer): connect to \(name): no device has this name now")
            return connection.refuse(channel, .connectFailed, "no device is registered as \(name)")
        }
        let called = holder.call(name, from: self.client.peer, on: eventLoop)
        called.assumeIsolated().whenComplete { result in
            switch result {
            case .success(let socket):
                guard isWanted(socket) else {
                    socket.close(promise: nil)
                    return connection.refuse(channel, .connectFailed, "the port has been closed")
                }
                self.tunnel(to: target, on: connection, nil).accept(channel, with: socket)
            case .failure(let error):
                let failure = error as? NameCall.Failure
                let message = failure?.message ?? ErrorText.of(error)
                self.client.requestLog.info("\(self.client.peer): connect to \(name): \(message.escapedForLog)")
                connection.refuse(channel, failure?.reason ?? .connectFailed, message)
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

    private func logDenied(_ host: String, _ port: UInt32, _ rule: Rule) {
        self.client.requestLog.info(
            """
            Received request from \(self.client.peer) to connect to host \(host.escapedForLog) port \(port), \
            but the request was denied. [\(rule)]
            """
        )
    }

    private func logFailure(_ target: String, _ error: any Error) {
        self.client.requestLog.debug("\(self.client.peer): connect to \(target) failed: \(ErrorText.of(error))")
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
