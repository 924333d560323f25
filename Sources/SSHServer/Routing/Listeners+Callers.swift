import NIOCore
import SSHForwarding
import SSHProtocol
import SSHSystem
import SSHWire

/// Who connects to a listener: through a socket, or from another client of this relay.
extension Listeners {
    struct Caller {
        let originator: PeerName
        let header: ProxyHeader
        /// Another client of this relay, to whom no socket leads.
        var isInMemory = false
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
        guard !self.client.isStopping else { return socket.close(promise: nil) }
        let policy = self.client.policy
        let origin = caller.isInMemory ? ForwardingPolicy.callerThroughRelay : caller.originator.address
        if let rule = policy.refusal(ofCallerFrom: origin) {
            self.log.info(
                """
                \(self.client.peer): connection from \(caller.originator) to host \(address.host.escapedForLog) \
                port \(port) refused. [\(rule)]
                """
            )
            return socket.close(promise: nil)
        }
        let descriptor = caller.isInMemory ? nil : self.client.takeSocket()
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
        self.client.tunnel(connection, audit, descriptor).open(kind, for: socket)
        guard socket.isActive, policy.announcesCaller(host: address.host, port: port) else { return }
        // As if the socket had said it first.
        socket.pipeline.fireChannelRead(caller.header.version2)
        socket.pipeline.fireChannelReadComplete()
    }

    /// A call to a device by its name.
    ///
    /// - Parameter taken: learns whether the device takes it.
    func called(
        _ socket: any Channel,
        from caller: PeerName,
        name: RegisteredName,
        _ taken: EventLoopPromise<Void>
    ) {
        let place = HeldPlace.name(name)
        guard !self.client.isStopping, let connection = self.client.handler,
            let listener = self.forwards.listeners.first(where: { $0.place == place })
        else {
            socket.close(promise: nil)
            return taken.fail(NameCall.Failure(reason: .connectFailed, message: "the device is gone"))
        }
        let host = listener.requested.host
        let kind = ChannelOpen.Kind.forwardedTCPIP(
            TunnelAddresses(
                // Verbatim what the client asked for: that is how it finds its forward.
                host: host,
                port: UInt32(name.port),
                originatorAddress: caller.address,
                originatorPort: UInt32(clamping: caller.port)
            )
        )
        let audit = TunnelAudit(kind: "forwarded-tcpip", from: "\(caller)", to: "\(name.name.text) port \(name.port)")
        self.note(.called, name, caller)
        let tunnel = self.client.tunnel(connection, audit, nil)
        NameCall(to: self.client, through: tunnel, taken).open(kind, for: socket)
        guard socket.isActive, self.client.policy.announcesCaller(host: host, port: UInt32(name.port)) else { return }
        // As if the socket had said it first.
        let source = try? SocketAddress(ipAddress: caller.address, port: caller.port)
        socket.pipeline.fireChannelRead(ProxyHeader(from: source, to: nil).version2)
        socket.pipeline.fireChannelReadComplete()
    }

    private func note(_ kind: DeviceHistory.Event.Kind, _ name: RegisteredName, _ caller: PeerName) {
        self.client.routes.history.note(
            kind,
            at: name.historyName,
            of: self.client.login.user,
            by: caller,
            now: UInt64(clamping: LogTime.now().seconds)
        )
    }

    /// From one client of the relay to another: direct-tcpip to a listener that a device has here.
    ///
    /// The device is told who calls, which TCP from the relay to itself would hide.
    func joined(_ socket: any Channel, from peer: PeerName, address: String, port: UInt16) {
        let isCalled = { (listener: RemoteForwards.Listener) in
            listener.port == port && listener.boundAddresses.contains(address)
        }
        // Meanwhile the listener may have gone: the caller sees a connection that is closed at once, as by TCP.
        guard let connection = self.client.handler, let listener = self.forwards.listeners.first(where: isCalled)
        else { return socket.close(promise: nil) }
        let source = try? SocketAddress(ipAddress: peer.address, port: peer.port)
        let destination = try? SocketAddress(ipAddress: address, port: Int(port))
        let header = ProxyHeader(from: source, to: destination)
        let caller = Caller(originator: peer, header: header, isInMemory: true)
        self.accepted(socket, from: caller, port: Int(port), for: listener.requested, connection)
    }
}
