public import NIOCore
public import SSHProtocol
public import SSHWire

/// One channel as a stream of bytes both ways, for code that is written with `async` and `await`.
///
/// What is not read stays within the channel's window (RFC 4254 §5.2): a slow reader makes the peer wait. It can be read by one
/// task at a time, and the iteration ends when the peer has said all (SSH_MSG_CHANNEL_EOF) or has closed the channel. It throws
/// what ended the connection, and `CancellationError` in a task that is cancelled; nothing that has come is lost by that.
///
/// A stream that nobody holds any more is closed.
public final class TunnelStream: AsyncSequence, Sendable {
    public typealias Element = ByteBuffer
    public typealias Failure = any Error

    private let sink: NIOLoopBound<StreamSink>
    private let gone: EndFlag

    private init(_ sink: StreamSink, on eventLoop: any EventLoop) {
        self.gone = sink.gone
        self.sink = NIOLoopBound(sink, eventLoop: eventLoop)
    }

    deinit {
        guard !self.gone.isSet else { return }
        self.sink.eventLoop.execute { [sink] in sink.value.close() }
    }

    // MARK: Beginning

    /// Asks the peer for a channel. To be called on the connection's event loop.
    ///
    /// - Returns: fails with `TunnelRefusal` if the peer refuses, and with the connection's error if it ends meanwhile.
    public static func open(
        _ kind: ChannelOpen.Kind,
        on connection: ConnectionHandler
    ) -> EventLoopFuture<TunnelStream>? {
        guard let eventLoop = connection.eventLoop else { return nil }
        let sink = StreamSink(connection)
        let stream = TunnelStream(sink, on: eventLoop)
        return sink.open(kind, eventLoop).map { stream }
    }

    /// Accepts a channel of the peer. To be called on the connection's event loop.
    ///
    /// - Returns: nil if the connection has ended.
    public static func accept(_ id: ChannelID, on connection: ConnectionHandler) -> TunnelStream? {
        guard let eventLoop = connection.eventLoop else { return nil }
        let sink = StreamSink(connection)
        sink.accept(id)
        return TunnelStream(sink, on: eventLoop)
    }

    // MARK: Writing

    /// Sends bytes, and returns when more may follow: at once as long as little waits, and otherwise when the peer has made room.
    ///
    /// - Throws: `misuse` after `finish`, what ended the connection if it has ended, and `CancellationError` in a task that is
    ///   cancelled; what was given is sent nevertheless.
    public func write(_ bytes: ByteBuffer) async throws {
        let written = self.sink.eventLoop.makePromise(of: Void.self)
        try await withTaskCancellationHandler {
            self.sink.eventLoop.execute { [sink] in sink.value.write(bytes, written) }
            try await written.futureResult.get()
        } onCancel: {
            written.fail(CancellationError())
        }
    }

    /// The same for a text in UTF-8.
    public func write(_ text: String) async throws {
        try await self.write(ByteBuffer(string: text))
    }

    /// Says that nothing more will be written (SSH_MSG_CHANNEL_EOF). Reading goes on; when both sides have said so, the channel is
    /// closed.
    public func finish() async throws {
        try await self.sink.eventLoop.submit { [sink] in sink.value.finish() }.get()
    }

    /// Closes the channel now, whatever is under way. What has not been read is lost.
    public func close() async {
        // An event loop that is gone has closed everything.
        try? await self.sink.eventLoop.submit { [sink] in sink.value.close() }.get()
    }

    // MARK: Reading

    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(stream: self)
    }

    /// Gives what comes, in pieces as they come.
    public struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate let stream: TunnelStream
        /// Handed over at once, in the order of their turns.
        private var pieces: ArraySlice<ByteBuffer> = []

        fileprivate init(stream: TunnelStream) {
            self.stream = stream
        }

        public mutating func next() async throws -> ByteBuffer? {
            if let piece = self.pieces.popFirst() { return piece }
            self.pieces = try await self.stream.read()[...]
            return self.pieces.popFirst()
        }
    }

    /// - Returns: what has come and fits into a batch; nothing at the end.
    private func read() async throws -> [ByteBuffer] {
        let request = StreamSink.ReadRequest(pieces: self.sink.eventLoop.makePromise())
        return try await withTaskCancellationHandler {
            self.sink.eventLoop.execute { [sink] in sink.value.read(request) }
            return try await request.pieces.futureResult.get()
        } onCancel: {
            self.sink.eventLoop.execute { [sink] in sink.value.cancel(request) }
        }
    }
}

/// The peer did not open a channel for us (RFC 4254 §5.1).
public struct TunnelRefusal: Error, Hashable, Sendable, CustomStringConvertible {
    public let reason: ChannelOpenFailure.Reason
    /// In the peer's words. Not to be printed raw.
    public let message: String

    public init(reason: ChannelOpenFailure.Reason, message: String) {
        self.reason = reason
        self.message = message
    }

    public var description: String { "the channel was refused (\(self.reason.rawValue)): \(self.message)" }
}
