import NIOCore

/// Holds a tunnel's socket to limits: stands between it and the tunnel.
///
/// What the socket said waits here, one read at most, and the socket is not read meanwhile. What the channel said waits here
/// as not yet written, one window at most, and the window opens when it has been.
final class RateLimitHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private var queues: (fromSocket: PacedQueue, toSocket: PacedQueue)?
    private var isReadWanted = false
    private var isInputClosed = false

    /// What counts from now on.
    var limiters: [RateLimiter] {
        didSet {
            self.queues?.fromSocket.limiters = self.limiters
            self.queues?.toSocket.limiters = self.limiters
        }
    }

    init(_ limiters: [RateLimiter]) {
        self.limiters = limiters
    }

    func handlerAdded(context: ChannelHandlerContext) {
        let fromSocket = PacedQueue(self.limiters, .toPeer, on: context.eventLoop) { data, _ in
            context.fireChannelRead(Self.wrapInboundOut(data))
        } hasReleased: { [unowned self] in
            context.fireChannelReadComplete()
            self.inputHasLeft(context)
        }
        let toSocket = PacedQueue(self.limiters, .fromPeer, on: context.eventLoop) { data, promise in
            context.write(Self.wrapOutboundOut(data), promise: promise)
        } hasReleased: {
            context.flush()
        }
        self.queues = (fromSocket, toSocket)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.queues?.toSocket.fail(ChannelError.ioOnClosedChannel)
        self.queues = nil
    }

    // MARK: From the socket

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        self.queues?.fromSocket.append(Self.unwrapInboundIn(data))
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        self.queues?.fromSocket.resume()
    }

    func read(context: ChannelHandlerContext) {
        guard self.queues?.fromSocket.isEmpty ?? true else { return self.isReadWanted = true }
        context.read()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard let event = event as? ChannelEvent, event == .inputClosed else {
            return context.fireUserInboundEventTriggered(event)
        }
        self.isInputClosed = true
        self.inputHasLeft(context)
    }

    /// The end comes after what was said before it, and so does the next read.
    private func inputHasLeft(_ context: ChannelHandlerContext) {
        guard let queue = self.queues?.fromSocket, queue.isEmpty else { return }
        if self.isInputClosed {
            self.isInputClosed = false
            context.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        }
        guard self.isReadWanted else { return }
        self.isReadWanted = false
        // The tunnel may have stopped reading meanwhile.
        if (try? context.channel.syncOptions?.getOption(.autoRead)) == true { context.read() }
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.queues?.fromSocket.releaseAll()
        self.queues?.toSocket.fail(ChannelError.ioOnClosedChannel)
        context.fireChannelInactive()
    }

    // MARK: To the socket

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        self.queues?.toSocket.append(Self.unwrapOutboundIn(data), promise)
    }

    func flush(context: ChannelHandlerContext) {
        self.queues?.toSocket.resume()
    }
}
