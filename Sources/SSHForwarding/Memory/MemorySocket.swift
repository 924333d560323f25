import NIOCore
import SSHProtocol

/// One end of a connection in memory, which behaves as a socket does that is connected and not read yet: what is written
/// to it is read at the other end, `ReadAhead` ahead.
///
/// Unchecked: what changes is touched on its event loop alone, and the two ends speak by each other's event loop. Others ask for
/// nothing but what never changes: the loop and the future of its end.
final class MemorySocket: Channel, ChannelCore, @unchecked Sendable {
    let eventLoop: any EventLoop
    let allocator = ByteBufferAllocator()
    private(set) lazy var pipeline = ChannelPipeline(channel: self)
    private let closePromise: EventLoopPromise<Void>
    private(set) var isActive = true

    /// None once either end is closed.
    var other: MemorySocket?
    private var outgoing = Outgoing()
    private var incoming = Incoming()
    var readsByItself = false
    /// What its reader takes at a time.
    var largestRead = TunnelReads.Size.quiet.bytes

    init(on eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
        self.closePromise = eventLoop.makePromise()
    }

    /// What was written and is not, or not all, with the other end.
    private struct Outgoing {
        var writes: [(data: ByteBuffer, promise: EventLoopPromise<Void>?)] = []
        var bytes = 0
        var flushed = 0
        /// Handed over, and not read by the other end yet.
        var unread = 0
        /// What that may be before the next write has to wait here.
        var ahead = ReadAhead()
        var end = End.none
    }

    /// What the other end wrote and nobody here has read.
    private struct Incoming {
        var backlog = SocketBacklog()
        var end = End.none
        var isReadWanted = false
        var isDelivering = false
    }

    private enum End {
        /// More may come.
        case none
        /// No more will come, once all that came before has gone.
        case due
        case told
    }

    /// What is written ahead of the other end's reading comes out of this share. To be called on its event loop.
    func use(_ share: ResourceShare) {
        self.outgoing.ahead.share = share
    }

    // MARK: Out

    func write0(_ data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard self.isActive, self.outgoing.end == .none else {
            promise?.fail(self.isActive ? ChannelError.outputClosed : ChannelError.ioOnClosedChannel)
            return
        }
        let data = self.unwrapData(data, as: ByteBuffer.self)
        self.outgoing.bytes += data.readableBytes
        self.outgoing.writes.append((data, promise))
    }

    func flush0() {
        self.outgoing.flushed = self.outgoing.writes.count
        self.handOver()
    }

    /// What was flushed goes to the other end, as far as that has room. What is written to an end that is gone is lost.
    private func handOver() {
        var (count, bytes, promises) = (0, 0, [EventLoopPromise<Void>]())
        let room = self.other == nil ? Int.max : self.outgoing.ahead.limit - self.outgoing.unread
        while count < self.outgoing.flushed, bytes < room {
            bytes += self.outgoing.writes[count].data.readableBytes
            if let promise = self.outgoing.writes[count].promise { promises.append(promise) }
            count += 1
        }
        let pieces = self.outgoing.writes[..<count].map(\.data)
        self.outgoing.writes.removeFirst(count)
        self.outgoing.flushed -= count
        self.outgoing.bytes -= bytes
        if let other = self.other, bytes > 0 {
            self.outgoing.unread += bytes
            let copy = self.copy(of: pieces, bytes)
            other.eventLoop.execute {
                if let copy { other.arrived(copy) } else { other.arrived(pieces) }
            }
        }
        self.tellEnd()
        for promise in promises { promise.succeed() }
    }

    /// In one piece, what takes much more memory than it has bytes for as long as the other end does not read it: pieces of a much
    /// larger buffer, and small pieces.
    private func copy(of pieces: [ByteBuffer], _ bytes: Int) -> ByteBuffer? {
        let largest = pieces.reduce(0) { max($0, $1.storageCapacity) }
        guard bytes < largest / 2 || bytes / pieces.count < SocketBacklog.smallPiece else { return nil }
        var copy = self.allocator.buffer(capacity: bytes)
        for piece in pieces { copy.writeImmutableBuffer(piece) }
        return copy
    }

    /// The other end has read so many bytes.
    private func wereRead(_ count: Int) {
        self.outgoing.unread -= count
        self.outgoing.ahead.read(count, now: .now())
        self.handOver()
    }

    private func tellEnd() {
        guard self.outgoing.end == .due, self.outgoing.writes.isEmpty else { return }
        self.outgoing.end = .told
        guard let other = self.other else { return }
        other.eventLoop.execute { other.ended(isGone: false) }
    }

    // MARK: In

    private func arrived(_ pieces: [ByteBuffer]) {
        guard self.isActive else { return }
        for piece in pieces { self.incoming.backlog.append(piece) }
        self.deliver()
    }

    /// Small copies that nobody reads become fewer: each byte might have come by itself.
    private func arrived(_ copy: ByteBuffer) {
        guard self.isActive else { return }
        self.incoming.backlog.appendWaiting(copy)
        self.deliver()
    }

    /// The other end says no more, or is gone altogether.
    private func ended(isGone: Bool) {
        guard self.isActive else { return }
        if isGone {
            self.other = nil
            self.handOver()
            // Who is told that all was taken may close.
            guard self.isActive else { return }
        }
        if self.incoming.end == .none { self.incoming.end = .due }
        // As with a socket that hangs up, what it said before can still be read, and that there is no more need not be asked for.
        if isGone, self.incoming.backlog.isEmpty { return self.close() }
        self.deliver()
    }

    func read0() {
        self.incoming.isReadWanted = true
        self.deliver()
    }

    private func deliver() {
        guard !self.incoming.isDelivering else { return }
        self.incoming.isDelivering = true
        while self.isActive, self.incoming.isReadWanted {
            if !self.incoming.backlog.isEmpty {
                self.deliverBatch()
            } else if self.incoming.end == .due {
                self.deliverEnd()
            } else {
                break
            }
        }
        self.incoming.isDelivering = false
    }

    private func deliverBatch() {
        self.incoming.isReadWanted = false
        var pieces: [ByteBuffer] = []
        let count = self.incoming.backlog.takeBatch(limit: self.largestRead) { pieces.append($0) }
        for piece in pieces where self.isActive { self.pipeline.syncOperations.fireChannelRead(NIOAny(piece)) }
        guard self.isActive else { return }
        self.pipeline.syncOperations.fireChannelReadComplete()
        if let other = self.other { other.eventLoop.execute { other.wereRead(count) } }
        if self.isActive, self.readsByItself { self.pipeline.syncOperations.read() }
    }

    private func deliverEnd() {
        self.incoming.end = .told
        if self.other == nil {
            self.close()
        } else {
            self.pipeline.syncOperations.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        }
    }

    // MARK: The end

    func close0(error: any Error, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        switch mode {
        case .input:
            promise?.fail(ChannelError.operationUnsupported)
        case .output:
            guard self.isActive, self.outgoing.end == .none else { return self.refuseToClose(promise) }
            self.outgoing.end = .due
            self.tellEnd()
            promise?.succeed()
        case .all:
            guard self.isActive else { return self.refuseToClose(promise) }
            self.close(failing: error)
            promise?.succeed()
        }
    }

    private func refuseToClose(_ promise: EventLoopPromise<Void>?) {
        promise?.fail(self.isActive ? ChannelError.outputClosed : ChannelError.alreadyClosed)
    }

    private func close(failing error: any Error = ChannelError.eof) {
        self.isActive = false
        let (writes, other) = (self.outgoing.writes, self.other)
        (self.outgoing, self.incoming, self.other) = (Outgoing(), Incoming(), nil)
        if let other { other.eventLoop.execute { other.ended(isGone: true) } }
        for write in writes { write.promise?.fail(error) }
        self.pipeline.syncOperations.fireChannelInactive()
        // Whoever calls may be in the middle of one of the handlers.
        self.eventLoop.execute {
            self.removeHandlers(pipeline: self.pipeline)
            self.closePromise.succeed()
        }
    }
}

// MARK: What a socket is asked besides

extension MemorySocket {
    var closeFuture: EventLoopFuture<Void> { self.closePromise.futureResult }
    var localAddress: SocketAddress? { nil }
    var remoteAddress: SocketAddress? { nil }
    var parent: (any Channel)? { nil }
    var isWritable: Bool { self.outgoing.bytes < ReadAhead.ordinary }
    var _channelCore: any ChannelCore { self }
    var bufferedBytes: Int { self.outgoing.bytes }

    func localAddress0() throws -> SocketAddress { throw ChannelError.operationUnsupported }
    func remoteAddress0() throws -> SocketAddress { throw ChannelError.operationUnsupported }
    func register0(promise: EventLoopPromise<Void>?) { promise?.fail(ChannelError.operationUnsupported) }
    func registerAlreadyConfigured0(promise: EventLoopPromise<Void>?) { self.register0(promise: promise) }
    func bind0(to: SocketAddress, promise: EventLoopPromise<Void>?) { self.register0(promise: promise) }
    func connect0(to: SocketAddress, promise: EventLoopPromise<Void>?) { self.register0(promise: promise) }
    func triggerUserOutboundEvent0(_ event: Any, promise: EventLoopPromise<Void>?) { self.register0(promise: promise) }
    func channelRead0(_ data: NIOAny) {}
    func errorCaught0(error: any Error) {}
}
