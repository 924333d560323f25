import Logging
import NIOCore
import SSHForwarding
import SSHProtocol
import SSHSystem
import SSHWire

/// The client's -R: tcpip-forward, cancel-tcpip-forward and forwarded-tcpip (RFC 4254 §7), and what is on Unix sockets instead.
final class Listeners {
    /// As NI_MAXHOST: the system takes no longer one.
    private static let longestHost = 1024

    let client: any RoutedClient
    private(set) lazy var forwards = RemoteForwards(owner: self)
    private(set) lazy var lifeSigns = LifeSigns(of: self.client)
    /// Requests that wait for other connections' signs of life.
    private var waitingCount = 0
    private var reassurance: Scheduled<Void>?
    /// How other connections see this one.
    private var ownHolder: (any ListenerHolder)?

    init(of client: any RoutedClient) {
        self.client = client
    }

    var log: ConnectionLog { self.client.requestLog }

    /// The connection has ended.
    func end() {
        self.forwards.closeAll()
        self.lifeSigns.end()
        self.ownHolder = nil
    }

    func listen(_ connection: ConnectionHandler, _ address: ForwardAddress, _ reply: UInt64?) {
        let peer = self.client.peer
        // Each connection that comes is announced with it.
        guard address.host.utf8.count <= Self.longestHost else {
            let reason = "no listener on a host of \(address.host.utf8.count) bytes"
            self.log.info("\(peer): \(reason)")
            return connection.refuse(reply, because: reason)
        }
        // Without a reply the client could never learn which port it got.
        guard address.port != 0 || reply != nil else {
            return self.log.info("\(peer): no listener on any port for a client that wants no reply")
        }
        let refused = "no listener on \(address.host.escapedForLog):\(address.port)"
        let place: ListeningPlace
        do {
            place = try RouteResolver(for: self.client).place(for: address)
        } catch {
            self.log.info(
                """
                Received request from \(peer) to remote forward to host \(address.host.escapedForLog) \
                port \(address.port), but the request was denied. [\(error.rule)]
                """
            )
            return connection.refuse(reply, because: "\(refused): \(error.rule.text.escapedForLog)")
        }
        let wanted: HeldPlace
        switch place {
        case .port(let port, let addresses): wanted = .port(port, addresses: addresses)
        case .name(let name): wanted = .name(name)
        case .unixSocket: return connection.answer(reply, success: nil)
        }
        let ticket: RemoteForwards.Ticket
        do {
            ticket = try self.forwards.begin(address, hasSockets: wanted.hasSockets)
        } catch {
            self.log.info("\(peer): \(refused): \(error)")
            return connection.refuse(reply, because: "\(refused): \(error)")
        }
        let isWanted = { !connection.hasEnded && self.forwards.isWanted(address, ticket) }
        self.claim(wanted, isWanted: isWanted) { claimed in
            let turn: ListenerClaims.Turn?
            switch claimed {
            case .free(let own): turn = own
            case .held(let reason):
                self.forwards.fail(address, ticket)
                return connection.refuse(reply, because: "\(refused): \(reason)")
            }
            switch wanted {
            case .port(_, let addresses): self.bind(connection, address, ticket, addresses, reply, turn)
            case .name(let name):
                self.stands(connection, address, ticket, .name(name), reply)
                turn?.end()
            }
        }
    }

    /// Frees the place of listeners that this connection may have.
    private func claim(
        _ place: HeldPlace,
        isWanted: @escaping () -> Bool,
        completion: @escaping (ListenerClaim.Outcome) -> Void
    ) {
        // Another port than everybody else's.
        if case .port(0, _) = place { return completion(.free(nil)) }
        let claim = ListenerClaim(by: self.client, place, isWanted: isWanted) { outcome in
            self.endWaiting()
            completion(outcome)
        }
        guard let holder = self.holder, let eventLoop = self.client.handler?.eventLoop else {
            return completion(.held("the connection has ended"))
        }
        if let obstacle = claim.obstacle() { return completion(.held(obstacle)) }
        self.waitingCount += 1
        claim.begin(for: holder, on: eventLoop)
        self.reassureWhileWaiting()
    }

    /// How other connections see this one; nil when it has ended.
    private var holder: (any ListenerHolder)? {
        if let holder = self.ownHolder { return holder }
        guard let eventLoop = self.client.handler?.eventLoop else { return nil }
        let holder = LocalListenerHolder(self, of: self.client, on: eventLoop)
        self.ownHolder = holder
        return holder
    }

    private func bind(
        _ connection: ConnectionHandler,
        _ address: ForwardAddress,
        _ ticket: RemoteForwards.Ticket,
        _ addresses: [String],
        _ reply: UInt64?,
        _ turn: ListenerClaims.Turn?
    ) {
        guard let eventLoop = connection.eventLoop, let port = UInt16(exactly: address.port) else {
            turn?.end()
            return self.forwards.fail(address, ticket)
        }
        PortListener.listen(
            addresses: addresses,
            port: port,
            on: eventLoop,
            for: self.client.lookupAsker,
            onAccept: { [weak self] socket in
                let caller = Caller(originator: PeerName(socket.remoteAddress), header: ProxyHeader(caller: socket))
                self?.accepted(socket, from: caller, port: socket.localAddress?.port ?? 0, for: address, connection)
            },
            completion: { result in
                self.listening(connection, address, ticket, addresses, reply, result)
                turn?.end()
            }
        )
    }

    private func listening(
        _ connection: ConnectionHandler,
        _ address: ForwardAddress,
        _ ticket: RemoteForwards.Ticket,
        _ addresses: [String],
        _ reply: UInt64?,
        _ result: Result<PortListener, any Error>
    ) {
        switch result {
        case .failure(let error):
            self.forwards.fail(address, ticket)
            for bound in addresses {
                self.log.error("bind [\(bound)]:\(address.port): \(ErrorText.of(error))")
            }
            self.log.error("channel_setup_fwd_listener_tcpip: cannot listen to port: \(address.port)")
            let place = "\(address.host.escapedForLog):\(address.port)"
            connection.refuse(reply, because: "no listener on \(place): \(ErrorText.of(error))")
        case .success(let listener):
            for failure in listener.failures {
                self.log.error("bind [\(failure.address)]:\(listener.port): \(ErrorText.of(failure.error))")
            }
            self.stands(connection, address, ticket, .sockets(listener, addresses: addresses), reply)
        }
    }

    private func stands(
        _ connection: ConnectionHandler,
        _ address: ForwardAddress,
        _ ticket: RemoteForwards.Ticket,
        _ stand: RemoteForwards.Stand,
        _ reply: UInt64?
    ) {
        guard self.forwards.finish(address, ticket, stand) else { return connection.answer(reply, success: nil) }
        switch stand {
        case .sockets(let listener, _):
            self.logListener("host \(address.host.escapedForLog) port \(listener.port)") {
                ["host": .string(address.host.escapedForLog), "port": .stringConvertible(listener.port)]
            }
            // The reply names the port only when the client left it open.
            connection.answer(
                reply,
                success: address.port == 0 ? ByteBuffer(integer: UInt32(listener.port)) : ByteBuffer()
            )
        case .name(let name):
            self.logListener("name \(name)") {
                ["name": .string(name.name.text), "port": .stringConvertible(name.port)]
            }
            connection.answer(reply, success: ByteBuffer())
        }
        // The rules may have changed meanwhile.
        self.closeForbidden()
    }

    /// Whose listener stands where: the port is perhaps one that the client left open.
    ///
    /// - Parameter place: the same for programs.
    func logListener(_ text: String, _ place: () -> Logger.Metadata) {
        let (peer, fingerprint) = (self.client.peer, self.client.login.fingerprint)
        let account = self.client.login.user.escapedForLog
        self.log.log(
            .info,
            "Listening for user \(account) \(fingerprint) from \(peer) on \(text)",
            place().merging(
                [
                    "event": "listener", "account": .string(account), "key": .string(fingerprint),
                    "from": .string("\(peer)"),
                ]
            ) { first, _ in first }
        )
    }

    func cancel(_ connection: ConnectionHandler, _ address: ForwardAddress, _ reply: UInt64?) {
        connection.answer(reply, success: self.forwards.cancel(address) ? ByteBuffer() : nil)
    }

    // MARK: Waiting for others

    /// While a request of this connection waits for another's sign of life, so do the answers to its own keepalives (RFC 4254 §4):
    /// it hears from us that we are there.
    func beginWaiting() {
        self.waitingCount += 1
        self.reassureWhileWaiting()
    }

    private func reassureWhileWaiting() {
        if self.waitingCount > 0, self.reassurance == nil { self.reassure() }
    }

    func endWaiting() {
        self.waitingCount -= 1
        guard self.waitingCount == 0 else { return }
        self.reassurance?.cancel()
        self.reassurance = nil
    }

    private func reassure() {
        guard let eventLoop = self.client.handler?.eventLoop else { return }
        self.reassurance = eventLoop.assumeIsolated().scheduleTask(in: .seconds(1)) {
            self.client.handler?.perform { try $0.askForLife() }
            self.reassure()
        }
    }
}

extension Listeners: RemoteForwardsOwner {
    func takeListenerRoom(beside count: Int, hasSockets: Bool) throws(RemoteForwards.Refusal) -> ListenerRoom? {
        try self.client.takeListenerRoom(beside: count, hasSockets: hasSockets)
    }

    func opened(_ listener: RemoteForwards.Listener) {
        guard let holder = self.holder else { return }
        self.client.routes.listeners.insert(holder, at: listener.place, boundAddresses: listener.boundAddresses)
        let login = self.client.login
        self.client.routes.history.began(
            listener.place.historyName(host: listener.requested.host),
            of: login.user,
            self.client.peer,
            key: login.fingerprint,
            now: UInt64(clamping: LogTime.now().seconds)
        )
    }

    func closed(_ listener: RemoteForwards.Listener) {
        self.client.routes.listeners.remove(connection: self.client.id, from: listener.place)
        self.client.routes.history.ended(
            listener.place.historyName(host: listener.requested.host),
            of: self.client.login.user,
            self.client.peer,
            now: UInt64(clamping: LogTime.now().seconds)
        )
    }
}

extension ConnectionHandler {
    /// Answers a global request.
    ///
    /// - Parameters:
    ///   - reply: nil if the client wants no answer.
    ///   - success: nil for a failure.
    func answer(_ reply: UInt64?, success: ByteBuffer?) {
        guard let reply else { return }
        self.perform { try $0.answerGlobalRequest(reply, success: success) }
    }

    /// Answers a global request with no. The answer has no room for the reason, so it is said before.
    func refuse(_ reply: UInt64?, because reason: String) {
        self.perform { try $0.sendDebug(reason, alwaysDisplay: true) }
        self.answer(reply, success: nil)
    }
}
