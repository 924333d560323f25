import NIOCore
import SSHForwarding
import SSHProtocol
import SSHWire

/// One connection to a `-R port` listener: the far side speaks SOCKS, and this side connects, until a tunnel takes over.
final class RemoteDynamicForward: ChannelSink {
    /// How long a client may take to say where it wants to go.
    private static let timeLimit = TimeAmount.seconds(30)

    private enum State {
        case negotiating
        case dialling(SOCKSRequest)
        case finished
    }

    private let forwards: Forwards
    private let connection: ConnectionHandler
    private let id: ChannelID
    private var state = State.negotiating
    private var negotiation = SOCKSNegotiation()
    /// What comes while the target is dialled. Beside the state and not in it: what is taken out of an enum to be changed is copied
    /// as a whole, packet by packet.
    private var waiting = SocketBacklog()
    private var hasEOF = false
    private var timer: Scheduled<Void>?

    init(_ forwards: Forwards, _ id: ChannelID) {
        self.forwards = forwards
        self.connection = forwards.connection
        self.id = id
    }

    func start() {
        self.connection.accept(self.id, sink: self)
        self.timer = self.connection.eventLoop?.assumeIsolated().scheduleTask(in: Self.timeLimit) { [weak self] in
            self?.abort()
        }
    }

    func channelRead(_ data: ByteBuffer) {
        switch self.state {
        case .negotiating:
            self.connection.delivered(data.readableBytes, on: self.id)
            self.negotiation.receive(data)
            self.negotiate()
        case .dialling:
            // Not delivered yet: the window bounds what may wait here.
            self.waiting.appendWaiting(data)
        case .finished:
            self.connection.delivered(data.readableBytes, on: self.id)
        }
    }

    private func negotiate() {
        while true {
            switch self.negotiation.next() {
            case .needMore: return
            case .reply(let bytes): self.send(bytes)
            case .connect(let request): return self.dial(request)
            case .refuse(let bytes, let reason):
                self.forwards.tell(.socksFailed(reason, isRemote: true))
                return self.finish(bytes)
            }
        }
    }

    private func dial(_ request: SOCKSRequest) {
        self.timer?.cancel()
        guard self.forwards.options.permitRemoteOpen.permits(host: request.host, port: request.port) else {
            self.forwards.tell(.socksTargetNotPermitted(.host(request.host, port: request.port)))
            return self.finish(request.failureReply(.notAllowed))
        }
        self.state = .dialling(request)
        self.forwards.dial(.host(request.host, port: request.port)) { result in
            switch result {
            case .success(let socket): self.connected(socket)
            case .failure: self.finish(request.failureReply(.hostUnreachable))
            }
        }
    }

    private func connected(_ socket: any Channel) {
        guard case .dialling(let request) = self.state else { return socket.close(promise: nil) }
        self.state = .finished
        self.send(request.successReply())
        // The request itself was delivered with everything that came in its packet.
        if request.remainder.readableBytes > 0 { socket.writeAndFlush(request.remainder, promise: nil) }
        let tunnel = Tunnel(self.connection)
        tunnel.takeOver(self.id, with: socket)
        while !self.waiting.isEmpty {
            while let piece = self.waiting.nextOfBatch() { tunnel.channelRead(piece) }
        }
        tunnel.channelReadComplete()
        if self.hasEOF { tunnel.channelEOF() }
    }

    private func send(_ bytes: ByteBuffer) {
        self.connection.send(bytes, on: self.id)
        _ = self.connection.flush(self.id)
    }

    /// Closes the channel after these bytes.
    private func finish(_ bytes: ByteBuffer) {
        if case .finished = self.state { return }
        self.state = .finished
        self.timer?.cancel()
        self.waiting.removeAll()
        self.send(bytes)
        self.connection.close(self.id)
    }

    private func abort() {
        self.state = .finished
        self.connection.abort(self.id)
    }

    func channelEOF() {
        self.hasEOF = true
        if case .negotiating = self.state { self.abort() }
    }

    func channelCloseReceived() {
        self.state = .finished
        self.connection.close(self.id)
    }

    func channelClosed() {
        self.state = .finished
        self.waiting.removeAll()
        self.timer?.cancel()
    }

    func channelRequest(_ name: String, _ data: ByteBuffer, reply: UInt64?) {
        guard let reply else { return }
        let id = self.id
        self.connection.perform { try $0.answerChannelRequest(reply, success: false, on: id) }
    }
}
