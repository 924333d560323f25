public import NIOCore
public import SSHProtocol
public import SSHWire

/// Joins an SSH channel to a socket: bytes both ways, each direction ending by itself, each slowed down by its sink.
///
/// It is the last handler of the socket's pipeline and the sink of the channel at once. Both live on one event loop.
public final class Tunnel: ChannelInboundHandler, ChannelSink {
    public typealias InboundIn = ByteBuffer
    public typealias OutboundOut = ByteBuffer

    let connection: ConnectionHandler
    /// None before the channel is opened.
    private var id: ChannelID?
    private(set) var context: ChannelHandlerContext?
    private(set) var state = TunnelState()
    /// From the channel, for the socket's next batch.
    private var backlog = SocketBacklog()
    var reads = TunnelReads()
    /// Looks whether the socket has become idle, as long as more than little is read from it at a time.
    var idleCheck: Scheduled<Void>?
    /// What the batch under way keeps in memory beyond its own bytes: pieces of larger reads.
    private var surplus: ResourceReservation?
    private var rateLimit: RateLimitHandler?

    /// Bytes that went from the socket into the channel, and from the channel to the socket.
    public private(set) var bytesSent: UInt64 = 0
    public private(set) var bytesReceived: UInt64 = 0
    /// Why the peer did not open the channel, if that is how the tunnel ended.
    public private(set) var refusal: (reason: ChannelOpenFailure.Reason, message: String)?
    /// When bytes last moved, either way.
    public private(set) var lastActivity = NIODeadline.now()
    /// What ended it first.
    public var ending: Ending { self.state.ending }
    private var onEnd: ((Tunnel) -> Void)?
    private var onOpen: ((Bool) -> Void)?

    /// - Parameter onEnd: called once, when the tunnel is gone.
    public init(_ connection: ConnectionHandler, onEnd: ((Tunnel) -> Void)? = nil) {
        self.connection = connection
        self.onEnd = onEnd
    }

    /// How a tunnel came to its end.
    public enum Ending: Sendable, CustomStringConvertible {
        /// Both sides had said all.
        case finished
        case closedByPeer
        case closedBySocket
        /// Nothing moved for too long.
        case timedOut

        public var description: String {
            switch self {
            case .finished: "finished"
            case .closedByPeer: "closed by the peer"
            case .closedBySocket: "closed at the socket"
            case .timedOut: "timed out"
            }
        }
    }

    /// Accepts the channel that the peer opens for a socket that is connected and unread.
    public func accept(_ id: ChannelID, with socket: any Channel) {
        self.id = id
        self.connection.accept(id, sink: self)
        self.attach(to: socket)
        self.channelWritable()
    }

    /// Asks the peer for a channel for a socket that is connected and unread. If it refuses, the socket is closed.
    ///
    /// Nothing is read before the peer has confirmed, but a socket whose other side has ended its input hands over what it
    /// holds at once: that waits in the channel's queue.
    ///
    /// - Parameter onOpen: told once whether the peer has opened it; if not, `refusal` may say why.
    public func open(_ kind: ChannelOpen.Kind, for socket: any Channel, onOpen: ((Bool) -> Void)? = nil) {
        self.onOpen = onOpen
        self.id = self.connection.open(kind, sink: self)
        self.attach(to: socket)
        if self.id == nil { self.channelClosed() }
    }

    /// Takes over a confirmed channel from the sink that opened or accepted it, for a socket that is connected.
    ///
    /// - Parameter inputHasEnded: the socket has said EOF already, and so has the channel.
    public func takeOver(_ id: ChannelID, with socket: any Channel, inputHasEnded: Bool = false) {
        self.id = id
        if inputHasEnded { self.state.inputHasEnded() }
        self.connection.replaceSink(of: id, with: self)
        self.attach(to: socket)
        self.channelWritable()
    }

    public func channelConfirmed() {
        self.tellWhetherOpen(true)
        self.channelWritable()
    }

    public func channelRefused(_ reason: ChannelOpenFailure.Reason, _ message: String) {
        self.refusal = (reason, message)
        self.channelClosed()
    }

    private func tellWhetherOpen(_ isOpen: Bool) {
        let onOpen = self.onOpen
        self.onOpen = nil
        onOpen?(isOpen)
    }

    private func attach(to socket: any Channel) {
        guard !self.state.hasEnded else { return socket.close(promise: nil) }
        do {
            try socket.pipeline.syncOperations.addHandler(self)
        } catch {
            socket.close(promise: nil)
            if let id = self.id { self.connection.abort(id) }
            return
        }
        if !socket.isActive { self.socketEnded() }
    }

    /// From now on these count, all of them; none for a tunnel without limits.
    public func limit(by limiters: [RateLimiter]) {
        if let rateLimit = self.rateLimit { return rateLimit.limiters = limiters }
        guard !limiters.isEmpty else { return }
        let rateLimit = RateLimitHandler(limiters)
        self.rateLimit = rateLimit
        if let context = self.context { self.insert(rateLimit, context) }
    }

    private func insert(_ rateLimit: RateLimitHandler, _ context: ChannelHandlerContext) {
        do {
            try context.pipeline.syncOperations.addHandler(rateLimit, position: .before(self))
        } catch {
            context.close(promise: nil)
        }
    }

    public func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        if let rateLimit = self.rateLimit { self.insert(rateLimit, context) }
        (context.channel as? MemorySocket)?.use(self.connection.memory)
    }

    public func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
    }

    // MARK: Socket to channel

    public func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let data = self.unwrapInboundIn(data)
        self.bytesSent += UInt64(clamping: data.readableBytes)
        if let id = self.id { self.connection.send(data, on: id) }
        let size = self.reads.read(
            data.readableBytes,
            allowsLarge: !self.connection.isBesideConversation,
            share: self.connection.memory
        )
        if let size { self.resizeReads(to: size, context.channel) }
    }

    public func channelReadComplete(context: ChannelHandlerContext) {
        guard let id = self.id else { return }
        self.lastActivity = .now()
        if !self.connection.flush(id) { self.take(self.state.channelIsFull()) }
    }

    public func channelWritable() {
        // A socket that is not there yet is read when it is.
        if self.context != nil { self.take(self.state.channelTakesData()) }
    }

    public func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard let event = event as? ChannelEvent, event == .inputClosed else { return }
        self.take(self.state.socketEndedInput())
    }

    public func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    public func channelInactive(context: ChannelHandlerContext) {
        self.socketEnded()
    }

    private func socketEnded() {
        let steps = self.state.socketEnded()
        self.backlog.removeAll()
        self.take(steps)
    }

    private func take(_ steps: TunnelState.Steps) {
        if steps.isEmpty { return }
        if steps.contains(.resumeSocket) { self.setReading(true) }
        if steps.contains(.pauseSocket) { self.setReading(false) }
        if steps.contains(.sendEOF), let id = self.id { self.connection.sendEOF(on: id) }
        if steps.contains(.shutDownSocket) { self.context?.close(mode: .output, promise: nil) }
        if steps.contains(.closeChannel), let id = self.id { self.connection.close(id) }
    }

    private func setReading(_ isReading: Bool) {
        // A socket that is just closing may say no.
        try? self.context?.channel.syncOptions?.setOption(.autoRead, value: isReading)
    }

    // MARK: Channel to socket

    public func channelRead(_ data: ByteBuffer) {
        // Without a socket nobody will take it.
        guard self.context != nil else { return }
        self.state.channelSaid(data.readableBytes)
        // A piece of a large read keeps all of it: that is cheaper than a copy if the socket takes it at once.
        if self.state.isWriting || self.isShortOfMemory(for: data) {
            self.backlog.appendWaiting(data)
        } else {
            self.backlog.append(data)
        }
    }

    private func isShortOfMemory(for data: ByteBuffer) -> Bool {
        data.readableBytes < data.storageCapacity / 2 && self.connection.memory.room(for: .growth) <= 0
    }

    public func channelReadExtended(_ type: UInt32, _ data: ByteBuffer) {
        // A socket has no standard error: the bytes count as read.
        if let id = self.id { self.connection.delivered(data.readableBytes, on: id) }
    }

    public func channelReadComplete() {
        while !self.state.isWriting, !self.backlog.isEmpty, let context = self.context {
            self.state.beginWriting()
            var (kept, count) = (0, 0)
            while let piece = self.backlog.nextOfBatch() {
                kept = max(kept, piece.storageCapacity)
                count += piece.readableBytes
                context.write(self.wrapOutboundOut(piece), promise: nil)
            }
            context.flush()
            if self.hasTakenAll(context) {
                self.socketTook(count)
            } else {
                if kept > count { self.surplus = self.connection.memory.hold(kept - count) }
                self.waitForSocket(context, count)
            }
        }
    }

    /// Mostly the socket takes a batch at once, and nobody need be asked to say so.
    private func hasTakenAll(_ context: ChannelHandlerContext) -> Bool {
        // What a limit holds back is not in the socket's buffer, nor is what was lost with the socket.
        guard self.rateLimit == nil, context.channel.isActive else { return false }
        return (try? context.channel.syncOptions?.getOption(.bufferedWritableBytes)) == 0
    }

    private func waitForSocket(_ context: ChannelHandlerContext, _ count: Int) {
        let promise = context.eventLoop.makePromise(of: Void.self)
        promise.futureResult.assumeIsolated().whenSuccess {
            self.socketTook(count)
            self.channelReadComplete()
        }
        // It has its turn after what was written before.
        context.writeAndFlush(self.wrapOutboundOut(ByteBuffer()), promise: promise)
    }

    private func socketTook(_ count: Int) {
        let steps = self.state.socketTook(count)
        self.surplus = nil
        self.lastActivity = .now()
        self.bytesReceived += UInt64(clamping: count)
        if let id = self.id { self.connection.delivered(count, on: id) }
        self.take(steps)
    }

    public func channelEOF() {
        self.take(self.state.channelEndedOutput())
        self.channelReadComplete()
    }

    // MARK: The end

    public func channelCloseReceived() {
        self.take(self.state.channelIsToClose())
        self.channelReadComplete()
    }

    /// Ends the tunnel now, whatever is under way.
    public func close(_ ending: Ending) {
        self.state.end(ending)
        guard let id = self.id else { return }
        self.connection.abort(id)
        // The channel's own end is not waited for: the peer may never confirm it.
        self.context?.close(promise: nil)
    }

    public func channelClosed() {
        self.state.channelEnded()
        self.idleCheck?.cancel()
        self.channelReadComplete()
        self.context?.close(promise: nil)
        self.tellWhetherOpen(false)
        let onEnd = self.onEnd
        self.onEnd = nil
        onEnd?(self)
    }

    public func channelRequest(_ name: String, _ data: ByteBuffer, reply: UInt64?) {
        // Nothing can be asked of a tunnel.
        guard let reply, let id = self.id else { return }
        self.connection.perform { try $0.answerChannelRequest(reply, success: false, on: id) }
    }
}
