import NIOCore
import SSHForwarding
import SSHProtocol
import SSHWire

/// The forwards of one connection: sets them up, and passes on what comes through them.
///
/// Everything happens on the connection's event loop.
final class Forwards {
    let connection: ConnectionHandler
    let destination: SSHDestination
    private(set) var options = ForwardOptions()
    /// Whether anybody wanted to forward anything yet.
    private(set) var wereAskedFor = false
    var remote = RemoteForwards()
    private let local: LocalListeners
    private var running: [ForwardStart] = []
    /// Requests that the server has not answered, by their numbers.
    private var starts: [UInt64: (request: ForwardRequest, start: ForwardStart)] = [:]
    private var awaitedListeners: [UInt64: AwaitedListener] = [:]
    private var incoming: [RemoteForwards.Listener: IncomingTunnels] = [:]

    /// A listener for somebody who takes the connections one by one, which the server has not granted yet.
    private struct AwaitedListener {
        let listener: RemoteForwards.Listener
        let connection: ClientConnection
        let promise: EventLoopPromise<RemoteListener>
    }

    init(_ destination: SSHDestination, _ connection: ConnectionHandler) {
        self.destination = destination
        self.connection = connection
        self.local = LocalListeners(destination.options)
        self.local.onAccept = { [weak self] socket, forward in
            guard let self else { return socket.close(promise: nil) }
            self.accepted(socket, for: forward)
        }
    }

    /// - Returns: succeeds with what stands when every forward has been tried, and fails if one failed with
    ///   `exitOnForwardFailure`.
    func start(
        _ requests: [ForwardRequest],
        _ options: ForwardOptions,
        _ eventLoop: any EventLoop
    ) -> EventLoopFuture<[Forward]> {
        self.wereAskedFor = true
        self.options = options
        let start = ForwardStart(self, eventLoop, failsAtOnce: options.exitOnForwardFailure)
        self.running.append(start)
        start.ready.assumeIsolated().whenComplete { _ in self.running.removeAll { $0 === start } }
        for request in requests {
            switch request.side {
            case .local: self.listen(request, start)
            case .remote: self.request(request, start)
            }
        }
        start.settled()
        return start.ready
    }

    func close(_ reason: any Error) {
        self.local.close()
        for start in self.running { start.fail(reason) }
        self.running = []
        for awaited in self.awaitedListeners.values { awaited.promise.fail(reason) }
        self.awaitedListeners = [:]
        for incoming in self.incoming.values { incoming.end(reason) }
        self.incoming = [:]
    }

    func tell(_ event: ForwardEvent) {
        self.destination.options.onEvent?(.forward(event))
    }

    // MARK: Listeners of this machine

    private func listen(_ request: ForwardRequest, _ start: ForwardStart) {
        guard let eventLoop = self.connection.eventLoop else { return }
        start.await()
        self.local.listen(request, self.options, on: eventLoop) { result in
            switch result {
            case .success(let port): start.stands(request, port: port)
            case .failure(let error): start.failed(request, error)
            }
        }
    }

    /// Somebody connected to a local listener. The socket is unread.
    func accepted(_ socket: any Channel, for forward: ForwardSpecification) {
        guard forward.target != .socks else { return DynamicForward.start(on: socket, self) }
        guard let kind = ChannelOpen.Kind.toServer(forward.target, from: socket.remoteAddress) else {
            return socket.close(promise: nil)
        }
        let tunnel = Tunnel(self.connection) { [weak self] tunnel in
            guard let refusal = tunnel.refusal else { return }
            let reason = TunnelRefusal(reason: refusal.reason, message: refusal.message)
            self?.tell(.targetRefused(forward.target, reason, isSOCKS: false))
        }
        tunnel.open(kind, for: socket)
    }

    // MARK: Listeners of the server

    private func request(_ request: ForwardRequest, _ start: ForwardStart) {
        let listener = RemoteForwards.Listener(request.specification.listen)
        let sent = self.connection.perform { try $0.sendGlobalRequest(listener.request, wantReply: true) }
        guard case .some(.some(let number)) = sent else { return }
        start.await()
        self.remote.requested(request.specification, number: number)
        self.starts[number] = (request, start)
    }

    /// Asks the server to listen for somebody here who takes the connections one by one.
    func listen(
        on endpoint: ListenEndpoint,
        for connection: ClientConnection,
        _ eventLoop: any EventLoop
    ) -> EventLoopFuture<RemoteListener> {
        self.wereAskedFor = true
        let listener = RemoteForwards.Listener(endpoint)
        let promise = eventLoop.makePromise(of: RemoteListener.self)
        let sent = self.connection.perform { try $0.sendGlobalRequest(listener.request, wantReply: true) }
        guard case .some(.some(let number)) = sent else {
            promise.fail(self.connection.endReason ?? SSHError(.connectionLost, "the connection ended"))
            return promise.futureResult
        }
        self.awaitedListeners[number] = AwaitedListener(listener: listener, connection: connection, promise: promise)
        return promise.futureResult
    }

    /// Asks the server to listen no more. What has come is refused.
    func endListening(_ incoming: IncomingTunnels) {
        guard self.incoming.removeValue(forKey: incoming.listener) != nil else { return }
        self.connection.perform { try $0.sendGlobalRequest(incoming.listener.cancellation, wantReply: false) }
        incoming.end(nil)
    }

    /// The server answered a global request.
    func answered(_ number: UInt64, success: ByteBuffer?) {
        if let awaited = self.awaitedListeners.removeValue(forKey: number) {
            guard let success, let granted = awaited.listener.granted(by: success) else {
                let reason = "the server refused to listen on \(awaited.listener)"
                return awaited.promise.fail(SSHError(.forwardingFailed, reason))
            }
            let incoming = IncomingTunnels(granted, self.connection)
            self.incoming[granted] = incoming
            return awaited.promise.succeed(RemoteListener(incoming, awaited.connection))
        }
        let answer = self.remote.answered(number, success: success)
        guard let (request, start) = self.starts.removeValue(forKey: number) else { return }
        switch answer {
        case .unrelated:
            return
        case .listening(_, let port):
            self.tell(.serverListens(request, port: port))
            start.stands(request, port: port)
        case .refused:
            start.failed(request, SSHError(.forwardingFailed, "the server refused to listen"))
        }
    }

    /// Somebody connected to a listener of ours on the server, or so it says.
    func opened(_ channel: ChannelID, _ listener: RemoteForwards.Listener, _ kind: ChannelOpen.Kind) {
        if let incoming = self.incoming[listener] { return incoming.arrived(channel, kind) }
        guard let target = self.remote.target(of: listener) else {
            self.tell(.unknownListener("\(listener)"))
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
            if case .failure(let error) = result { self.tell(.targetUnreachable(target, error)) }
            completion(result)
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
