public import NIOCore
public import SSHCrypto
public import SSHProtocol
public import SSHWire

/// Drives one engine with one socket: bytes both ways, timers, back-pressure, and the sinks behind the channels.
///
/// Everything happens on the socket's event loop, and the sinks' sockets live on the same one.
public final class ConnectionHandler: ChannelDuplexHandler {
    public typealias InboundIn = ByteBuffer
    public typealias OutboundIn = ByteBuffer
    public typealias OutboundOut = ByteBuffer

    /// Sealed control messages that may wait for a peer that does not read; then we stop reading from it.
    static let maximumControlOutput = 1024 * 1024
    /// So much of a channel's data may wait for what else comes of the same events.
    static let smallBatch = 16 * 1024
    /// More than this is room that an idle connection has no use for.
    private static let keptSinks = 16
    /// How long the peer has to take our goodbye.
    static let farewellTime = TimeAmount.seconds(1)

    var engine: Engine
    weak var owner: (any ConnectionOwner)?
    private var strongOwner: (any ConnectionOwner)?
    var context: ChannelHandlerContext?
    var sinks: [ChannelID: any ChannelSink] = [:]
    /// Sinks that got data since the last read-complete.
    private var touched: [any ChannelSink] = []
    private var isPumping = false
    private(set) var isReading = true
    private var pacing = ReadPacing()
    private var unsentLimit = UnsentLimit()
    /// The next read comes after this.
    var pauseBeforeRead: TimeAmount?
    /// Why the connection has ended; nil while it lives.
    public private(set) var endReason: SSHError?
    /// From the connection's end on: when its last words have been handed to the system, or never will be.
    public private(set) var farewell: EventLoopFuture<Void>?
    private var isPumpDue = false
    /// Nothing is said to the peer yet.
    public internal(set) var isWithheld = false
    /// What it hears instead of all else.
    var refusal: ByteBuffer?
    /// For how long the event loop was busy with this connection before its login.
    public private(set) var timeBeforeLogin = TimeAmount.zero
    /// What went over the socket, with all that the protocol adds. At 100 GB a second, 64 bits last for five years; then it begins anew.
    public private(set) var bytesSent: UInt64 = 0
    public private(set) var bytesReceived: UInt64 = 0
    var timer: ConnectionTimers.Ticket?
    var timerDeadline: NIODeadline?

    /// The owner is kept alive until the connection has ended.
    public init(configuration: EngineConfiguration, random: any RandomSource, owner: any ConnectionOwner) throws {
        self.engine = try Engine(configuration: configuration, random: random, now: .now())
        self.owner = owner
        self.strongOwner = owner
    }

    /// The event loop of the connection and of all its tunnels.
    public var eventLoop: (any EventLoop)? { self.context?.eventLoop }
    public var remoteAddress: SocketAddress? { self.context?.channel.remoteAddress }
    public var localAddress: SocketAddress? { self.context?.channel.localAddress }
    /// What this connection makes the process hold.
    public var memory: ResourceShare { self.engine.memory }
    public var isAuthenticated: Bool { self.engine.isAuthenticated }
    public var sessionIdentifier: [UInt8] { self.engine.sessionIdentifier }
    public var clientLoginReport: ClientLoginReport? { self.engine.clientLoginReport }
    public var channelCount: Int { self.engine.channelCount }
    public var hasEnded: Bool { self.endReason != nil }
    /// When bytes last came from the peer.
    public var lastHeard: NIODeadline { self.engine.lastHeard }
    /// Whether some channel carries a conversation that bulk would hold up.
    var isBesideConversation: Bool { self.engine.isBesideConversation(now: .now()) }

    // MARK: The socket

    public func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        self.engine.use(.ofThisThread)
        if context.channel.isActive { self.pump() }
    }

    public func channelActive(context: ChannelHandlerContext) {
        self.pump()
    }

    public func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        // Opened in place once the read is complete: the socket keeps hold of the buffer until then, and would have it copied.
        let (data, now) = (self.unwrapInboundIn(data), NIODeadline.now())
        self.pauseBeforeRead = self.pacing.pause(
            afterReading: data.readableBytes,
            now: now,
            besideConversation: self.engine.isBesideConversation(now: now)
        )
        self.bytesReceived &+= UInt64(clamping: data.readableBytes)
        self.engine.receive(data, now: now)
    }

    public func channelReadComplete(context: ChannelHandlerContext) {
        self.drainEvents()
        // What a sink does can end the connection, and with it the list.
        var index = 0
        while index < self.touched.count {
            self.touched[index].channelReadComplete()
            index += 1
        }
        self.touched.removeAll(keepingCapacity: self.touched.count <= Self.keptSinks)
        if self.hasWork { self.pumpSoon() } else { self.settle() }
    }

    public func channelWritabilityChanged(context: ChannelHandlerContext) {
        self.pump()
    }

    public func channelInactive(context: ChannelHandlerContext) {
        self.end(SSHError.connectionClosed())
        self.context = nil
    }

    public func errorCaught(context: ChannelHandlerContext, error: any Error) {
        self.end(SSHError(brokenBy: error))
        context.close(promise: nil)
    }

    public func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let event = event as? ChannelEvent, event == .inputClosed { context.close(promise: nil) }
    }

    // MARK: Commands

    /// Gives the engine a command and sends what comes of it. An error ends the connection.
    @discardableResult
    public func perform<Result>(_ command: (inout Engine) throws -> Result) -> Result? {
        guard self.endReason == nil else { return nil }
        do {
            let result = try command(&self.engine)
            self.pumpSoon()
            return result
        } catch {
            self.fail(error)
            return nil
        }
    }

    // MARK: The end

    /// Says goodbye and ends the connection.
    ///
    /// - Parameter lingers: gives the peer a moment to read it.
    public func disconnect(_ reason: Disconnect.Reason, _ message: String, lingers: Bool = true) {
        // What was to leave with this tick's messages comes before the goodbye.
        if self.isPumpDue { self.pump() }
        self.engine.disconnect(reason, message)
        self.end(SSHError(.connectionLost, message), lingers: lingers)
    }

    /// Ends the connection after an error.
    public func fail(_ error: any Error) {
        self.engine.fail(error)
        self.end(error as? SSHError ?? SSHError(.system, "\(error)"))
    }

    func end(_ reason: SSHError, lingers: Bool = true) {
        guard self.endReason == nil else { return }
        self.endReason = reason
        self.engine.close()
        self.stopTimer()
        self.sayFarewell(reason, lingers: lingers)
        let sinks = self.sinks
        self.sinks = [:]
        self.touched = []
        for sink in sinks.values { sink.channelClosed() }
        self.owner?.connectionEnded(self, reason)
        self.strongOwner = nil
    }

    /// Closing a socket with unread bytes would reset it and lose our DISCONNECT: end our side, and give the peer a moment.
    private func sayFarewell(_ reason: SSHError, lingers: Bool) {
        guard let context = self.context, context.channel.isActive else { return }
        // Who has said goodbye waits for none.
        guard reason.code != .disconnectedByPeer else { return context.close(promise: nil) }
        let output = self.isWithheld ? self.refusal : try? self.engine.takeOutput(limit: 0, now: .now())
        if let output, output.readableBytes > 0 {
            self.farewell = context.writeAndFlush(self.wrapOutboundOut(output))
        }
        guard lingers else { return context.close(promise: nil) }
        context.close(mode: .output, promise: nil)
        context.eventLoop.scheduleTask(in: Self.farewellTime) { [channel = context.channel] in
            channel.close(promise: nil)
        }
        self.setReading(true)
    }

    // MARK: The pump

    /// Handles what the engine has to say and sends what it has to send, until there is no more of either.
    func pump() {
        guard !self.isPumping, self.endReason == nil else { return }
        let began = self.engine.isAuthenticated ? nil : NIODeadline.now()
        defer { if let began { self.timeBeforeLogin = self.timeBeforeLogin + (.now() - began) } }
        self.isPumping = true
        var written: ByteBuffer?
        repeat {
            self.drainEventsWhilePumping()
            written = self.writeOutput() ?? written
        } while self.endReason == nil && self.engine.hasEvents
        self.isPumping = false
        guard self.endReason == nil else { return }
        if let written {
            self.context?.flush()
            SpareBuffers.ofThisThread.output.keep(written)
        }
        self.settle()
    }

    /// Pumps once the event loop has handled what the sockets had for it now: what comes of that shares one write.
    func pumpSoon() {
        guard !self.isPumpDue, !self.isPumping, self.endReason == nil, let context = self.context else { return }
        self.isPumpDue = true
        context.eventLoop.assumeIsolated().execute {
            self.isPumpDue = false
            self.pump()
        }
    }

    var hasWork: Bool { self.engine.hasOutput || self.engine.hasEvents }

    private func settle() {
        guard self.endReason == nil else { return }
        do {
            try self.engine.countMemory()
        } catch {
            return self.fail(error)
        }
        // Most decisions are made before the peer says more: the socket is told to wait only when it has brought something.
        let mustWait = self.engine.isAwaitingDecision && self.engine.hasUnreadBytes
        self.setReading(!mustWait && self.engine.sealedBytes < Self.maximumControlOutput)
        self.schedule()
    }

    private func drainEvents() {
        guard !self.isPumping, self.endReason == nil else { return }
        let began = self.engine.isAuthenticated ? nil : NIODeadline.now()
        defer { if let began { self.timeBeforeLogin = self.timeBeforeLogin + (.now() - began) } }
        self.isPumping = true
        self.drainEventsWhilePumping()
        self.isPumping = false
    }

    private func drainEventsWhilePumping() {
        do {
            while self.endReason == nil, let event = try self.engine.nextEvent(now: .now()) { self.handle(event) }
        } catch {
            self.fail(error)
        }
    }

    /// - Returns: what was written last, if anything was.
    private func writeOutput() -> ByteBuffer? {
        guard !self.isWithheld, let context = self.context else { return nil }
        var written: ByteBuffer?
        var count = 0
        do {
            while self.endReason == nil, self.engine.hasOutput, context.channel.isWritable {
                let output = try self.engine.takeOutput(limit: self.unsentLimit.piece, now: .now())
                guard output.readableBytes > 0 else { break }
                context.write(self.wrapOutboundOut(output), promise: nil)
                written = output
                count += output.readableBytes
            }
        } catch {
            self.fail(error)
        }
        self.bytesSent &+= UInt64(clamping: count)
        if count > 0 { self.limitUnsent(context, sent: count) }
        return written
    }

    private func limitUnsent(_ context: ChannelHandlerContext, sent count: Int) {
        let now = NIODeadline.now()
        let besideConversation = self.engine.isBesideConversation(now: now)
        guard self.unsentLimit.sent(count, now: now, besideConversation: besideConversation) else { return }
        SocketOptions.set(self.unsentLimit, on: context.channel)
    }

    private func setReading(_ isReading: Bool) {
        guard self.isReading != isReading, let context = self.context else { return }
        self.isReading = isReading
        // A socket that is just closing may say no.
        try? context.channel.syncOptions?.setOption(.autoRead, value: isReading)
    }

    /// Notes that a sink has data to flush.
    func touch(_ sink: any ChannelSink) {
        if self.touched.last !== sink { self.touched.append(sink) }
    }
}
