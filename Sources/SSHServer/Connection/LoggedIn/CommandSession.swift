import NIOCore
import SSHForwarding
import SSHProtocol
import SSHWire

/// A session in which the relay answers a command: from the request to the exit status.
///
/// Everything happens on the connection's event loop; the command itself runs elsewhere and has a `CommandStream`.
final class CommandSession: ChannelSink, IdleChannel {
    /// Bytes of standard input that are kept: a public key is shorter. The account's share has paid for them.
    static let longestInput = 16 * 1024
    /// In a terminal, ^C and ^D.
    private static let interrupts: Set<UInt8> = [3, 4]

    private let connection: ConnectionHandler
    private let id: ChannelID
    private let hasTerminal: Bool
    private let room: ResourceReservation
    private let onEnd: (CommandSession) -> Void
    private(set) var lastActivity = NIODeadline.now()
    private var input = CommandInput(limit: CommandSession.longestInput)
    /// Writes whose bytes wait for the client.
    private var writers: [EventLoopPromise<Void>] = []
    private var task: Task<Void, Never>?
    private var hasEnded = false

    /// - Parameters:
    ///   - room: what it takes of the account's share.
    ///   - onEnd: is called when there is no channel any more.
    init(
        _ connection: ConnectionHandler,
        _ id: ChannelID,
        hasTerminal: Bool,
        room: ResourceReservation,
        onEnd: @escaping (CommandSession) -> Void
    ) {
        self.connection = connection
        self.id = id
        self.hasTerminal = hasTerminal
        self.room = room
        self.onEnd = onEnd
    }

    func run(_ command: @escaping SessionCommand, on eventLoop: any EventLoop) {
        let stream = CommandStream(self, on: eventLoop, hasTerminal: self.hasTerminal)
        let session = NIOLoopBound(self, eventLoop: eventLoop)
        self.task = Task {
            let end = await command(stream)
            eventLoop.execute { session.value.finish(end) }
        }
    }

    // MARK: What the command says

    func write(_ text: String, _ written: EventLoopPromise<Void>) {
        guard !self.hasEnded else { return written.fail(CancellationError()) }
        self.lastActivity = .now()
        self.connection.send(ByteBuffer(string: self.ended(text)), on: self.id)
        if self.connection.flush(self.id) { return written.succeed() }
        // What was flushed may have ended the connection.
        guard !self.hasEnded else { return written.fail(CancellationError()) }
        self.writers.append(written)
    }

    /// A client whose own terminal is raw shows a line as it comes.
    private func ended(_ text: String) -> String {
        self.hasTerminal ? text.replacing("\n", with: "\r\n") : text
    }

    private func finish(_ end: SessionCommandEnd) {
        guard !self.hasEnded else { return }
        let id = self.id
        if let message = end.message {
            self.connection.perform { $0.sendStandardError(on: id) }
            self.connection.send(ByteBuffer(string: self.ended("\(message)\n")), on: id)
        }
        self.connection.perform { engine in
            try engine.sendChannelRequest(.exitStatus(end.status), wantReply: false, on: id)
            try engine.sendEOF(on: id)
            try engine.closeChannel(id)
        }
    }

    func channelWritable() {
        let writers = self.writers
        self.writers = []
        for writer in writers { writer.succeed() }
    }

    // MARK: What the client says

    func readInput(_ promise: EventLoopPromise<[UInt8]?>) {
        self.input.read(promise)
    }

    func channelRead(_ data: ByteBuffer) {
        self.lastActivity = .now()
        if self.hasTerminal, data.readableBytesView.contains(where: Self.interrupts.contains) { self.task?.cancel() }
        self.input.append(data)
        self.connection.delivered(data.readableBytes, on: self.id)
    }

    func channelReadExtended(_ type: UInt32, _ data: ByteBuffer) {
        self.connection.delivered(data.readableBytes, on: self.id)
    }

    func channelEOF() {
        self.input.end()
    }

    func channelRequest(_ name: String, _ data: ByteBuffer, reply: UInt64?) {
        if case .signal = try? SessionRequest(name: name, data: data) { self.task?.cancel() }
        guard let reply else { return }
        let id = self.id
        self.connection.perform { try $0.answerChannelRequest(reply, success: false, on: id) }
    }

    func endIdle() {
        self.connection.abort(self.id)
    }

    func channelCloseReceived() {
        self.stop()
        self.connection.close(self.id)
    }

    func channelClosed() {
        self.stop()
        self.onEnd(self)
    }

    private func stop() {
        self.hasEnded = true
        self.task?.cancel()
        self.input.end()
        let writers = self.writers
        self.writers = []
        for writer in writers { writer.fail(CancellationError()) }
    }
}

/// Standard input of a command, as a whole.
struct CommandInput {
    private let limit: Int
    private var bytes: [UInt8] = []
    private var isTooLong = false
    private var hasEnded = false
    private var readers: [EventLoopPromise<[UInt8]?>] = []

    init(limit: Int) {
        self.limit = limit
    }

    mutating func append(_ data: ByteBuffer) {
        guard !self.hasEnded, !self.isTooLong else { return }
        guard self.bytes.count + data.readableBytes <= self.limit else {
            self.isTooLong = true
            self.bytes = []
            return self.answer()
        }
        self.bytes += data.readableBytesView
    }

    mutating func end() {
        self.hasEnded = true
        self.answer()
    }

    /// - Parameter promise: learns what came up to its end; nil if that is too long.
    mutating func read(_ promise: EventLoopPromise<[UInt8]?>) {
        self.readers.append(promise)
        if self.hasEnded || self.isTooLong { self.answer() }
    }

    private mutating func answer() {
        let readers = self.readers
        self.readers = []
        for reader in readers { reader.succeed(self.isTooLong ? nil : self.bytes) }
    }
}

/// What a command has of its session, from any thread.
struct CommandStream: Sendable {
    /// It is shown to a person.
    let hasTerminal: Bool
    private let session: NIOLoopBound<CommandSession>

    init(_ session: CommandSession, on eventLoop: any EventLoop, hasTerminal: Bool) {
        self.hasTerminal = hasTerminal
        self.session = NIOLoopBound(session, eventLoop: eventLoop)
    }

    /// For ports that it opens: they outlive it.
    var eventLoop: any EventLoop { self.session.eventLoop }

    /// Writes to standard output, and returns when more may follow.
    ///
    /// - Throws: `CancellationError` if nobody reads it any more.
    func write(_ text: String) async throws {
        try Task.checkCancellation()
        let written = self.session.eventLoop.makePromise(of: Void.self)
        self.session.eventLoop.execute { self.session.value.write(text, written) }
        try await written.futureResult.get()
    }

    /// Standard input up to its end.
    ///
    /// - Returns: nil if it is longer than `CommandSession.longestInput`.
    /// - Throws: `CancellationError` for what was cut off: it has not come to its end.
    func input() async throws -> [UInt8]? {
        let read = self.session.eventLoop.makePromise(of: [UInt8]?.self)
        self.session.eventLoop.execute { self.session.value.readInput(read) }
        let bytes = try await read.futureResult.get()
        try Task.checkCancellation()
        return bytes
    }
}
