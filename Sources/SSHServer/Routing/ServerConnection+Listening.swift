import Logging
import NIOCore
import SSHForwarding
import SSHProtocol
import SSHSystem
import SSHWire

/// The client's -R: tcpip-forward, cancel-tcpip-forward and forwarded-tcpip (RFC 4254 §7).
extension ServerConnection {
    /// As NI_MAXHOST: the system takes no longer one.
    private static let longestHost = 1024

    func makeForwards() -> RemoteForwards {
        RemoteForwards(
            makeRoom: { [unowned self] () throws(RemoteForwards.Refusal) in try self.makeListenerRoom() },
            onOpen: { [unowned self] listener in self.register(listener) },
            onClose: { [unowned self] listener in
                self.context.listeners.remove(
                    connection: self.id,
                    addresses: listener.addresses,
                    port: listener.port
                )
            }
        )
    }

    private func register(_ listener: RemoteForwards.Listener) {
        guard let holder = self.holder else { return }
        self.context.listeners.insert(
            holder,
            addresses: listener.addresses,
            boundAddresses: listener.boundAddresses,
            port: listener.port
        )
    }

    func listen(_ connection: ConnectionHandler, _ address: ForwardAddress, _ reply: UInt64?) {
        guard let policy = self.policy else { return }
        // Each connection that comes is announced with it.
        guard address.host.utf8.count <= Self.longestHost else {
            self.requestLog.info("\(self.peer): no listener on a host of \(address.host.utf8.count) bytes")
            return self.answer(connection, reply, success: nil)
        }
        // Without a reply the client could never learn which port it got.
        guard address.port != 0 || reply != nil else {
            return self.requestLog.info("\(self.peer): no listener on any port for a client that wants no reply")
        }
        let decision = policy.mayListen(host: address.host, port: address.port)
        guard decision.isPermitted, let port = UInt16(exactly: address.port) else {
            self.requestLog.info(
                """
                Received request from \(self.peer) to remote forward to host \(address.host.escapedForLog) \
                port \(address.port), but the request was denied. [\(decision.rule)]
                """
            )
            return self.answer(connection, reply, success: nil)
        }
        let ticket: RemoteForwards.Ticket
        do {
            ticket = try self.forwards.begin(address)
        } catch {
            self.requestLog.info(
                "\(self.peer): no listener on \(address.host.escapedForLog):\(address.port): \(error)"
            )
            return self.answer(connection, reply, success: nil)
        }
        let addresses = policy.bindAddresses(requested: address.host).map(\.text)
        let isWanted = { !connection.hasEnded && self.forwards.isWanted(address, ticket) }
        self.takeOver(addresses, port: port, isWanted: isWanted) { claimed in
            guard case .free(let turn) = claimed else {
                self.forwards.fail(address, ticket)
                return self.answer(connection, reply, success: nil)
            }
            self.bind(connection, address, ticket, addresses, reply, turn)
        }
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
            for: self.lookupAsker,
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
                self.requestLog.error("bind [\(bound)]:\(address.port): \(ErrorText.of(error))")
            }
            self.requestLog.error("channel_setup_fwd_listener_tcpip: cannot listen to port: \(address.port)")
            self.answer(connection, reply, success: nil)
        case .success(let listener):
            guard self.forwards.finish(address, ticket, addresses, listener) else {
                return self.answer(connection, reply, success: nil)
            }
            for failure in listener.failures {
                self.requestLog.error("bind [\(failure.address)]:\(listener.port): \(ErrorText.of(failure.error))")
            }
            self.logListener("host \(address.host.escapedForLog) port \(listener.port)") {
                ["host": .string(address.host.escapedForLog), "port": .stringConvertible(listener.port)]
            }
            // The reply names the port only when the client left it open.
            let data = address.port == 0 ? ByteBuffer(integer: UInt32(listener.port)) : ByteBuffer()
            self.answer(connection, reply, success: data)
            // The rules may have changed while the name was looked up.
            self.closeForbiddenListeners()
        }
    }

    /// Whose listener stands where: the port is perhaps one that the client left open.
    ///
    /// - Parameter place: the same for programs.
    func logListener(_ text: String, _ place: () -> Logger.Metadata) {
        guard let login = self.login else { return }
        let account = login.user.escapedForLog
        self.requestLog.log(
            .info,
            "Listening for user \(account) \(login.fingerprint) from \(self.peer) on \(text)",
            place().merging(
                [
                    "event": "listener", "account": .string(account), "key": .string(login.fingerprint),
                    "from": .string("\(self.peer)"),
                ]
            ) { first, _ in first }
        )
    }

    func cancel(_ connection: ConnectionHandler, _ address: ForwardAddress, _ reply: UInt64?) {
        self.answer(connection, reply, success: self.forwards.cancel(address) ? ByteBuffer() : nil)
    }

    /// A connection that came to a listener.
    ///
    /// - Parameter port: the port that it came to, which the client may have left open.
    func accepted(
        _ socket: any Channel,
        from caller: Caller,
        port: Int,
        for address: ForwardAddress,
        _ connection: ConnectionHandler
    ) {
        guard !self.context.isStopping else { return socket.close(promise: nil) }
        let descriptor = caller.isInMemory ? nil : self.takeSocket()
        guard caller.isInMemory || descriptor != nil else { return socket.close(promise: nil) }
        let port = UInt32(clamping: port)
        let kind = ChannelOpen.Kind.forwardedTCPIP(
            TunnelAddresses(
                // Verbatim what the client asked for, with the actual port: that is how it finds its forward.
                host: address.host,
                port: port,
                originatorAddress: caller.originator.address,
                originatorPort: UInt32(clamping: caller.originator.port)
            )
        )
        let audit = TunnelAudit(
            kind: "forwarded-tcpip",
            from: "\(caller.originator)",
            to: "\(address.host.escapedForLog) port \(port)"
        )
        self.tunnel(connection, audit, descriptor).open(kind, for: socket)
        guard socket.isActive, self.policy?.announcesCaller(host: address.host, port: port) == true else { return }
        // As if the socket had said it first.
        socket.pipeline.fireChannelRead(caller.header.version2)
        socket.pipeline.fireChannelReadComplete()
    }

    /// Who connected to a listener.
    struct Caller {
        let originator: PeerName
        let header: ProxyHeader
        /// Another client of this relay, to whom no socket leads.
        var isInMemory = false
    }
}

extension BindAddress {
    /// The address as the system takes it.
    var text: String {
        switch self {
        case .loopback4: "127.0.0.1"
        case .loopback6: "::1"
        case .wildcard4: "0.0.0.0"
        case .wildcard6: "::"
        case .address(let text): text
        }
    }
}
