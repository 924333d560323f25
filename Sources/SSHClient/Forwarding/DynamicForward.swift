import NIOCore
import SSHForwarding
import SSHProtocol
import SSHWire

/// One connection to a `-D` listener: the SOCKS conversation, until a tunnel takes over.
///
/// It is a handler of the socket, and the channel's sink until the server has confirmed it.
final class DynamicForward: ChannelInboundHandler, RemovableChannelHandler, ChannelSink {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// How long a client may take to say where it wants to go.
    private static let timeLimit = TimeAmount.seconds(30)

    private let connection: ConnectionHandler
    private let forwards: Forwards
    private var context: ChannelHandlerContext?
    private var negotiation = SOCKSNegotiation()
    private var request: SOCKSRequest?
    private var id: ChannelID?
    private var hasInputEnded = false
    private var timer: Scheduled<Void>?

    private init(_ forwards: Forwards) {
        self.connection = forwards.connection
        self.forwards = forwards
    }

    /// - Parameter socket: connected, and not reading yet.
    static func start(on socket: any Channel, _ forwards: Forwards) {
        do {
            try socket.pipeline.syncOperations.addHandler(DynamicForward(forwards))
        } catch {
            socket.close(promise: nil)
        }
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        let channel = context.channel
        self.timer = context.eventLoop.scheduleTask(in: Self.timeLimit) { channel.close(promise: nil) }
        context.read()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        self.timer?.cancel()
    }

    // MARK: The socket

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let data = self.unwrapInboundIn(data)
        // Nothing is asked for meanwhile, but a socket that has heard EOF hands over what it holds.
        if let id = self.id { return self.connection.send(data, on: id) }
        self.negotiation.receive(data)
        while true {
            switch self.negotiation.next() {
            case .needMore:
                if self.request == nil { context.read() }
                return
            case .reply(let bytes):
                context.writeAndFlush(self.wrapOutboundOut(bytes), promise: nil)
            case .connect(let request):
                return self.open(request)
            case .refuse(let bytes, let reason):
                self.forwards.tell(.socksFailed(reason, isRemote: false))
                return self.finish(bytes)
            }
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard let event = event as? ChannelEvent, event == .inputClosed else { return }
        guard let id = self.id else { return context.close(promise: nil) }
        self.hasInputEnded = true
        self.connection.sendEOF(on: id)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.timer?.cancel()
        if let id = self.id { self.connection.abort(id) }
    }

    private func open(_ request: SOCKSRequest) {
        self.request = request
        self.timer?.cancel()
        let target = ForwardTarget.host(request.host, port: request.port)
        self.forwards.tell(.socksTarget(target))
        guard let kind = ChannelOpen.Kind.toServer(target, from: self.context?.channel.remoteAddress) else { return }
        self.id = self.connection.open(kind, sink: self)
        guard let id = self.id else { return self.finish(request.failureReply(.general)) }
        self.connection.send(request.remainder, on: id)
    }

    /// Closes the socket after these bytes.
    private func finish(_ bytes: ByteBuffer) {
        guard let context = self.context else { return }
        let channel = context.channel
        context.writeAndFlush(self.wrapOutboundOut(bytes)).whenComplete { _ in channel.close(promise: nil) }
    }

    // MARK: The channel

    func channelConfirmed() {
        guard let id = self.id, let request = self.request, let context = self.context, context.channel.isActive else {
            return
        }
        self.id = nil
        context.writeAndFlush(self.wrapOutboundOut(request.successReply()), promise: nil)
        let socket = context.channel
        context.pipeline.syncOperations.removeHandler(self, promise: nil)
        Tunnel(self.connection).takeOver(id, with: socket, inputHasEnded: self.hasInputEnded)
    }

    func channelRefused(_ reason: ChannelOpenFailure.Reason, _ message: String) {
        self.id = nil
        guard let request = self.request else { return }
        let target = ForwardTarget.host(request.host, port: request.port)
        self.forwards.tell(.targetRefused(target, TunnelRefusal(reason: reason, message: message), isSOCKS: true))
        self.finish(request.failureReply(SOCKSFailure(channelOpenFailure: reason.rawValue)))
    }

    func channelClosed() {
        self.id = nil
        self.context?.close(promise: nil)
    }

    // From its confirmation on the channel is the tunnel's.
    func channelRead(_ data: ByteBuffer) {}
    func channelEOF() {}
    func channelCloseReceived() {}
    func channelRequest(_ name: String, _ data: ByteBuffer, reply: UInt64?) {}
}
