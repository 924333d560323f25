import NIOCore
import SSHForwarding
import SSHProtocol
import SSHWire

/// The forwards of one connection: sets them up, and passes on what comes through them.
///
/// Everything happens on the connection's event loop.
final class ConfiguredForwards {
    let connection: ConnectionHandler
    let configuration: ClientConfiguration
    let log: ClientLog
    /// The server, in messages.
    let serverName: String
    var remote = RemoteForwards()
    private let mayForward: Bool
    private var listeners: [PortListener] = []
    private var unixListeners: [UnixListener] = []
    /// Forwards whose fate is not known yet, and one for the start itself.
    private var awaited = 1
    private let ready: EventLoopPromise<Void>
    private var isClosed = false

    init(_ owner: ClientConnection, _ connection: ConnectionHandler) {
        self.connection = connection
        self.configuration = owner.configuration
        self.log = owner.log
        self.serverName = owner.name
        self.mayForward = owner.mayForward
        self.ready = owner.eventLoop.makePromise()
    }

    /// - Returns: succeeds when every forward has been tried, and fails if one failed with ExitOnForwardFailure.
    func start() -> EventLoopFuture<Void> {
        if self.mayForward {
            for forward in self.configuration.localForwards { self.listen(forward) }
            for forward in self.configuration.dynamicForwards { self.listen(forward) }
            for forward in self.configuration.remoteForwards { self.request(forward) }
        }
        self.settled()
        return self.ready.futureResult
    }

    func close() {
        self.isClosed = true
        for listener in self.listeners { listener.close() }
        self.listeners = []
        for listener in self.unixListeners { listener.close() }
        self.unixListeners = []
        self.ready.fail(SSHError(.connectionLost, "the connection ended"))
    }

    private func settled() {
        self.awaited -= 1
        if self.awaited == 0 { self.ready.succeed() }
    }

    private func failed(_ reason: String) {
        if self.configuration.exitOnForwardFailure {
            self.ready.fail(SSHError(.forwardingFailed, reason))
        } else {
            self.log.error("Warning: \(reason)")
        }
        self.settled()
    }

    // MARK: -L and -D

    private func listen(_ forward: ForwardSpecification) {
        guard let eventLoop = self.connection.eventLoop else { return }
        self.awaited += 1
        switch forward.listen {
        case .port(let bindAddress, let port): self.listen(forward, bindAddress, port, eventLoop)
        case .path(let path): self.listen(forward, path: path, eventLoop)
        }
    }

    private func listen(
        _ forward: ForwardSpecification,
        _ bindAddress: BindAddress,
        _ port: UInt16,
        _ eventLoop: any EventLoop
    ) {
        let addresses = bindAddress.localBinding(gatewayPorts: self.configuration.gatewayPorts)
            .addresses(self.configuration.addressFamily)
        PortListener.listen(
            addresses: addresses,
            port: port,
            on: eventLoop,
            onAccept: { [weak self] socket in
                guard let self else { return socket.close(promise: nil) }
                self.accepted(socket, for: forward)
            },
            completion: { self.listening(forward, $0) }
        )
    }

    private func listening(_ forward: ForwardSpecification, _ result: Result<PortListener, any Error>) {
        switch result {
        case .success(let listener):
            guard !self.isClosed else { return listener.close() }
            self.listeners.append(listener)
            for failure in listener.failures {
                self.log.error("bind [\(failure.address)]:\(listener.port): \(SystemReason.of(failure.error))")
            }
            self.log.debug(
                "Listening on \(listener.addresses.joined(separator: ", ")) port \(listener.port) for \(forward)."
            )
            self.settled()
        case .failure(let error):
            self.listeningFailed(forward, error)
        }
    }

    private func listeningFailed(_ forward: ForwardSpecification, _ error: any Error) {
        let option = forward.target == .socks ? "-D" : "-L"
        self.failed("cannot listen for \(option) \(forward): \(SystemReason.of(error))")
    }

    private func listen(_ forward: ForwardSpecification, path: String, _ eventLoop: any EventLoop) {
        do {
            // Whoever calls this program acts with their own rights: links lead where they lead.
            let file = try UnixSocketFile.bind(
                path: path,
                mask: self.configuration.streamLocalBindMask,
                links: .followed,
                unlinks: self.configuration.streamLocalBindUnlink
            )
            UnixListener.listen(
                on: file,
                eventLoop: eventLoop,
                remove: { file.remove() },
                onAccept: { [weak self] socket in
                    guard let self else { return socket.close(promise: nil) }
                    self.accepted(socket, for: forward)
                },
                completion: { self.listening(forward, $0) }
            )
        } catch {
            self.listeningFailed(forward, error)
        }
    }

    private func listening(_ forward: ForwardSpecification, _ result: Result<UnixListener, any Error>) {
        switch result {
        case .success(let listener):
            guard !self.isClosed else { return listener.close() }
            self.unixListeners.append(listener)
            self.log.debug("Listening on \(listener.path) for \(forward).")
            self.settled()
        case .failure(let error):
            self.listeningFailed(forward, error)
        }
    }

    private func accepted(_ socket: any Channel, for forward: ForwardSpecification) {
        guard forward.target != .socks else {
            return DynamicForward.start(on: socket, self.connection, self.log)
        }
        guard let kind = ChannelOpen.Kind.toServer(forward.target, from: socket.remoteAddress) else {
            return socket.close(promise: nil)
        }
        let (log, name) = (self.log.ofPeers, self.serverName)
        let tunnel = Tunnel(self.connection) { tunnel in
            guard let refusal = tunnel.refusal else { return }
            let reason = ChannelRefusal.sentence(refusal.reason, refusal.message)
            log.error("\(name) refused to connect to \(forward.target): \(reason)")
        }
        tunnel.open(kind, for: socket)
    }

    // MARK: -R

    private func request(_ forward: ForwardSpecification) {
        let listener = RemoteForwards.Listener(of: forward)
        let sent = self.connection.perform { try $0.sendGlobalRequest(listener.request, wantReply: true) }
        guard case .some(.some(let number)) = sent else { return }
        self.awaited += 1
        self.remote.requested(forward, number: number)
    }

    /// The server answered a global request.
    func answered(_ number: UInt64, success: ByteBuffer?) {
        switch self.remote.answered(number, success: success) {
        case .unrelated:
            return
        case .listening(let forward, let port):
            if case .port(_, 0) = forward.listen, let port {
                self.log.info("Allocated port \(port) for remote forward to \(forward.target)")
            } else {
                self.log.debug("remote forward success for: listen \(forward.listen), connect \(forward.target)")
            }
            self.settled()
        case .refused(let forward):
            self.failed("\(self.serverName) refused to listen on \(forward.listenDescription) for -R \(forward)")
        }
    }

    /// Somebody connected to a listener of ours on the server, or so it says.
    func opened(_ channel: ChannelID, _ listener: RemoteForwards.Listener) {
        guard let target = self.remote.target(of: listener) else {
            self.log.ofPeers.info(
                """
                Warning: \(self.serverName) sent a connection to its \(listener), \
                where nobody asked it to listen; refused.
                """
            )
            return self.connection.refuse(channel, .administrativelyProhibited, "unknown listener")
        }
        guard target != .socks else {
            return RemoteDynamicForward(self, channel).start()
        }
        self.dial(target) { result in
            switch result {
            case .success(let socket): Tunnel(self.connection).accept(channel, with: socket)
            case .failure: self.connection.refuse(channel, .connectFailed, "Connection refused")
            }
        }
    }

    /// Connects to where a remote forward leads, on this side.
    func dial(_ target: ForwardTarget, _ completion: @escaping (Result<any Channel, any Error>) -> Void) {
        guard let eventLoop = self.connection.eventLoop else { return }
        let socket: EventLoopFuture<any Channel>
        switch target {
        case .host(let host, let port):
            socket = Dialer().connect(host: host, port: UInt32(port), on: eventLoop)
        case .path(let path):
            socket = Dialer().connect(path: path, .followed, on: eventLoop)
        case .socks:
            return completion(.failure(SSHError(.misuse, "a SOCKS client has not named its target yet")))
        }
        socket.assumeIsolated().whenComplete { result in
            if case .failure(let error) = result {
                self.log.ofPeers.error("connect to \(target) failed: \(SystemReason.of(error))")
            }
            completion(result)
        }
    }
}

extension ForwardSpecification {
    /// `port 8080`, or `192.0.2.1 port 8080`.
    var listenDescription: String {
        switch self.listen {
        case .port(.unspecified, let port), .port(.wildcard, let port): "port \(port)"
        case .port(.address(let address), let port): "\(address) port \(port)"
        case .path(let path): path
        }
    }
}

extension LocalBinding {
    /// What the system's listening sockets bind to.
    func addresses(_ family: AddressFamily) -> [String] {
        let pair: (inet: String, inet6: String)
        switch self {
        case .loopback: pair = ("127.0.0.1", "::1")
        case .everyAddress: pair = ("0.0.0.0", "::")
        case .address(let address): return [address]
        }
        switch family {
        case .any: return [pair.inet, pair.inet6]
        case .inet: return [pair.inet]
        case .inet6: return [pair.inet6]
        }
    }
}

extension ChannelOpen.Kind {
    /// The channel that asks the server to connect somewhere (RFC 4254 §7.2; for Unix sockets OpenSSH's PROTOCOL §2.4).
    ///
    /// - Returns: nil if the target is not known yet.
    static func toServer(_ target: ForwardTarget, from originator: SocketAddress?) -> ChannelOpen.Kind? {
        switch target {
        case .host(let host, let port):
            return .directTCPIP(
                TunnelAddresses(
                    host: host,
                    port: UInt32(port),
                    originatorAddress: originator?.ipAddress ?? "127.0.0.1",
                    originatorPort: UInt32(clamping: originator?.port ?? 65535)
                )
            )
        case .path(let path):
            return .directStreamLocal(path: path)
        case .socks:
            return nil
        }
    }
}
