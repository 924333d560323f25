import NIOCore
import SSHProtocol
import SSHWire

/// The channel's side of a `TunnelStream`. All calls come on the connection's event loop.
final class StreamSink: ChannelSink {
    /// Somebody waits for what comes next.
    final class ReadRequest: Sendable {
        let pieces: EventLoopPromise<[ByteBuffer]>

        init(pieces: EventLoopPromise<[ByteBuffer]>) {
            self.pieces = pieces
        }
    }

    /// What the peer has to say.
    private enum Inbound {
        case open
        /// All has come.
        case ended
        case failed(any Error)
    }

    /// What we have to say.
    private enum Outbound {
        case open
        /// We have said that nothing more comes.
        case finished
        case failed(any Error)
    }

    /// Set when there is no channel any more.
    let gone = EndFlag()
    private let connection: ConnectionHandler
    private var id: ChannelID?
    private var opened: EventLoopPromise<Void>?
    private var inbound = Inbound.open
    private var outbound = Outbound.open
    private var backlog = SocketBacklog()
    private var reader: ReadRequest?
    /// Cancelled before it came here.
    private var cancelled: ReadRequest?
    /// Writes whose bytes wait for the peer.
    private var writers: [EventLoopPromise<Void>] = []

    init(_ connection: ConnectionHandler) {
        self.connection = connection
    }

    func open(_ kind: ChannelOpen.Kind, _ eventLoop: any EventLoop) -> EventLoopFuture<Void> {
        let opened = eventLoop.makePromise(of: Void.self)
        self.opened = opened
        self.id = self.connection.open(kind, sink: self)
        if self.id == nil { self.channelClosed() }
        return opened.futureResult
    }

    func accept(_ id: ChannelID) {
        self.id = id
        self.connection.accept(id, sink: self)
    }

    func channelConfirmed() {
        self.opened?.succeed()
        self.opened = nil
    }

    func channelRefused(_ reason: ChannelOpenFailure.Reason, _ message: String) {
        self.end(TunnelRefusal(reason: reason, message: message))
    }

    // MARK: From the peer

    func channelRead(_ data: ByteBuffer) {
        guard case .open = self.inbound else { return }
        // What is taken at once keeps nothing in memory for long.
        if self.reader == nil { self.backlog.appendWaiting(data) } else { self.backlog.append(data) }
    }

    func channelReadExtended(_ type: UInt32, _ data: ByteBuffer) {
        // A tunnel has no standard error: the bytes count as read.
        if let id = self.id { self.connection.delivered(data.readableBytes, on: id) }
    }

    func channelReadComplete() {
        guard !self.backlog.isEmpty, let reader = self.reader else { return }
        self.reader = nil
        self.deliver(to: reader)
    }

    func read(_ request: ReadRequest) {
        if self.cancelled === request {
            self.cancelled = nil
            return request.pieces.fail(CancellationError())
        }
        guard self.reader == nil else {
            return request.pieces.fail(SSHError(.misuse, "a stream is read by one task at a time"))
        }
        guard self.backlog.isEmpty else { return self.deliver(to: request) }
        switch self.inbound {
        case .open: self.reader = request
        case .ended: request.pieces.succeed([])
        case .failed(let error): request.pieces.fail(error)
        }
    }

    func cancel(_ request: ReadRequest) {
        guard self.reader === request else { return self.cancelled = request }
        self.reader = nil
        request.pieces.fail(CancellationError())
    }

    private func deliver(to request: ReadRequest) {
        var pieces: [ByteBuffer] = []
        var count = 0
        while let piece = self.backlog.nextOfBatch() {
            count += piece.readableBytes
            pieces.append(piece)
        }
        request.pieces.succeed(pieces)
        if let id = self.id { self.connection.delivered(count, on: id) }
    }

    func channelEOF() {
        self.endInbound(.ended)
        self.closeIfDone()
    }

    private func endInbound(_ end: Inbound) {
        guard case .open = self.inbound else { return }
        self.inbound = end
        self.channelReadComplete()
        guard let reader = self.reader else { return }
        self.reader = nil
        self.read(reader)
    }

    // MARK: To the peer

    func write(_ bytes: ByteBuffer, _ written: EventLoopPromise<Void>) {
        switch self.outbound {
        case .finished: return written.fail(SSHError(.misuse, "nothing more can be written to this stream"))
        case .failed(let error): return written.fail(error)
        case .open: break
        }
        guard let id = self.id else { return written.fail(SSHError(.misuse, "the stream is not open yet")) }
        self.connection.send(bytes, on: id)
        if self.connection.flush(id) { return written.succeed() }
        // What was flushed may have ended the connection.
        if case .failed(let error) = self.outbound { return written.fail(error) }
        self.writers.append(written)
    }

    func channelWritable() {
        let writers = self.writers
        self.writers = []
        for writer in writers { writer.succeed() }
    }

    func finish() {
        guard case .open = self.outbound, let id = self.id else { return }
        self.outbound = .finished
        self.connection.sendEOF(on: id)
        self.closeIfDone()
    }

    // MARK: The end

    private func closeIfDone() {
        guard case .finished = self.outbound, case .ended = self.inbound, let id = self.id else { return }
        self.connection.close(id)
    }

    func close() {
        guard let id = self.id else { return }
        self.backlog.removeAll()
        self.endInbound(.ended)
        self.endOutbound(SSHError(.misuse, "the stream was closed"))
        self.connection.abort(id)
    }

    func channelCloseReceived() {
        self.endInbound(.ended)
        self.endOutbound(SSHError(.connectionLost, "the peer has closed the channel"))
        if let id = self.id { self.connection.close(id) }
    }

    func channelClosed() {
        self.end(self.connection.endReason ?? SSHError(.connectionLost, "the channel was closed"))
    }

    private func end(_ error: any Error) {
        self.id = nil
        self.gone.set()
        self.endInbound(.failed(error))
        self.endOutbound(error)
        self.opened?.fail(error)
        self.opened = nil
    }

    private func endOutbound(_ error: any Error) {
        if case .failed = self.outbound { return }
        self.outbound = .failed(error)
        let writers = self.writers
        self.writers = []
        for writer in writers { writer.fail(error) }
    }

    func channelRequest(_ name: String, _ data: ByteBuffer, reply: UInt64?) {
        // Nothing can be asked of a tunnel.
        guard let reply, let id = self.id else { return }
        self.connection.perform { try $0.answerChannelRequest(reply, success: false, on: id) }
    }
}
