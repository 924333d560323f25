import DequeModule
public import NIOCore
public import SSHCrypto
public import SSHWire

/// One SSH connection without its socket: bytes and commands go in, bytes and events come out.
///
/// It knows no socket, clock or file: the time is an argument and the random source is given, so the same inputs give the
/// same outputs (but for the ML-KEM encapsulation, which draws its own randomness). An error that it throws ends the
/// connection: call `fail(_:)`, send what `takeOutput` still gives, and close.
///
/// It cannot be copied: two copies would seal two packets with one nonce.
public struct Engine: ~Copyable {
    public var configuration: EngineConfiguration { self.transport.configuration }
    var transport: Transport
    var login: Login
    var channels: ChannelTable
    /// Channels that have data and window, each once, in the order of their turns.
    var sending = Deque<ChannelID>()
    var globalReplies = ReplyQueue<ByteBuffer?>()
    /// Our global requests whose answers are awaited.
    var awaitedGlobalReplies = ShortQueue<AwaitedReply>()
    var nextGlobalRequest: UInt64 = 0
    /// Server: a proof of host keys that waits for signatures.
    var hostKeyProof: HostKeyProof?
    var events = Deque<Event>()
    var liveness: Liveness
    var roundTrip = RoundTrip()
    /// What it makes this process hold.
    public let memory: ResourceShare
    /// What of that is neither a channel nor its window, when it was counted last.
    var countedBytes = 0
    /// Channels that may be there at once: the account's limit when somebody has logged in.
    var channelLimit: Int
    /// When bytes last came.
    var lastReceived: NIODeadline
    /// When data last came on a channel that carries a conversation.
    var lastConversation: (channel: ChannelID, time: NIODeadline)?
    /// Channels that wait for credit beside a conversation, or have.
    var yielding: [ChannelID] = []
    public internal(set) var isClosed = false
    /// The layer above has no time for this connection now: nothing more that comes is looked at.
    public var isHeld = false

    enum AwaitedReply {
        case request(UInt64)
        case keepalive
        /// A keepalive that measures how far away the peer is.
        case roundTrip
    }

    enum Login {
        case server(ServerAuthentication)
        case client(ClientAuthentication)
        case done
    }

    public init(configuration: EngineConfiguration, random: any RandomSource, now: NIODeadline) throws {
        self.transport = try Transport(configuration: configuration, random: random, now: now)
        self.channels = ChannelTable()
        self.channelLimit = configuration.limits.channels
        self.liveness = Liveness(configuration.keepalive, now: now)
        self.memory = ResourceShare(configuration.memoryBudget.account(named: ""))
        self.lastReceived = now
        switch configuration.role {
        case .client: self.login = .client(ClientAuthentication(configuration: configuration))
        case .server: self.login = .server(ServerAuthentication(configuration: configuration))
        }
    }

    // MARK: Bytes in, events out

    /// Hands in what came from the socket. Then call `nextEvent` until it has no more.
    public mutating func receive(_ bytes: ByteBuffer, now: NIODeadline) {
        guard !self.isClosed else { return }
        self.liveness.heard(now: now)
        self.lastReceived = now
        self.transport.receiver.append(bytes)
    }

    /// The next thing to know, or nil until more bytes have come or a decision was made.
    ///
    /// - Throws: what the peer did wrong.
    public mutating func nextEvent(now: NIODeadline) throws -> Event? {
        while true {
            if let event = self.events.popFirst() { return event }
            guard !self.isClosed, !self.isAwaitingDecision, let received = try self.transport.next(now: now) else {
                return nil
            }
            if let event = try self.handle(received) { return event }
        }
    }

    /// A decision of the layer above is awaited, and bytes that come meanwhile would only pile up.
    public var isAwaitingDecision: Bool {
        if self.isHeld { return true }
        if case .server(let authentication) = self.login, authentication.isAwaitingAnswer { return true }
        if case .awaitingHostKeyDecision = self.transport.keyExchange { return true }
        return false
    }

    /// Bytes have come that wait for such a decision.
    public var hasUnreadBytes: Bool { self.transport.receiver.buffered > 0 }

    private mutating func handle(_ received: Transport.Received) throws -> Event? {
        switch received {
        case .lineBeforeIdentification(let line, let number):
            return .lineBeforeIdentification(line, number: number)
        case .identification(let line):
            return .identification(line)
        case .hostKey(let key):
            return .hostKey(key)
        case .signatureWanted(let request):
            return .signatureWanted(request)
        case .newKeys(let algorithms, let isFirst):
            if isFirst, case .client(let authentication) = self.login { try self.transport.send(authentication.start) }
            return .newKeys(algorithms, isFirst: isFirst)
        case .debug(let debug):
            return .debug(debug)
        case .message(let number, let reader):
            guard self.transport.isAuthenticated, !number.isTransport, !number.isAuthentication else {
                return try self.handleLogin(number, reader)
            }
            return try self.handleConnection(number, reader)
        }
    }

    // MARK: Bytes out

    /// Seals what may leave: everything but data first, then data from each channel in turn until about `limit` bytes
    /// are there. An empty buffer means that there is nothing to send.
    public mutating func takeOutput(limit: Int, now: NIODeadline) throws -> ByteBuffer {
        if !self.isClosed {
            try self.transport.renewKeysIfDue(now: now)
            try self.sealData(limit: limit, now: now)
            self.roundTrip.outputLeaves(now: now)
        }
        return self.transport.transmitter.takeOutput()
    }

    // MARK: Time

    /// When `advance` wants to be called next.
    public var nextDeadline: NIODeadline? {
        var next = self.transport.nextDeadline
        if self.transport.isAuthenticated, let question = self.liveness.nextDeadline {
            next = min(next ?? question, question)
        }
        if let end = self.nextYieldingDeadline { next = min(next ?? end, end) }
        return next
    }

    /// Renews keys and asks a silent peer for a sign of life.
    ///
    /// - Throws: `timedOut` when the peer is gone.
    public mutating func advance(now: NIODeadline) throws {
        guard !self.isClosed else { return }
        try self.transport.renewKeysIfDue(now: now)
        self.endYielding(now: now)
        guard self.transport.isAuthenticated, try self.liveness.advance(now: now) else { return }
        // Our part of the key exchange is a question already, and a second one might be answered in the middle of it.
        guard !self.transport.isExchangingKeys else { return }
        try self.sendKeepalive()
    }

    // MARK: The end

    /// Says goodbye; nothing goes in or out after that but what `takeOutput` still gives.
    public mutating func disconnect(_ reason: Disconnect.Reason, _ message: String) {
        guard !self.isClosed else { return }
        self.isClosed = true
        // The goodbye is a courtesy: if it cannot be sealed, closing the socket says enough.
        try? self.transport.send(Disconnect(reason: reason, message: message))
    }

    /// Ends the connection without a word.
    public mutating func close() {
        self.isClosed = true
    }

    /// What the logged-in user's settings say about renewing keys and about a silent peer.
    public mutating func apply(_ rekeyLimit: RekeyLimit, _ keepalive: Keepalive, now: NIODeadline) {
        self.transport.apply(rekeyLimit)
        self.liveness = Liveness(keepalive, now: now)
    }

    /// So many channels may be there at once from now on; those that are there stay.
    public mutating func apply(channelLimit: Int) {
        self.channelLimit = max(channelLimit, 0)
    }

    /// From now on this connection shares small buffers with all others of its thread.
    public mutating func use(_ spare: SpareBuffers) {
        self.transport.use(spare)
    }

    /// Events that no new bytes are needed for.
    public var hasEvents: Bool { !self.events.isEmpty }

    /// Ends the connection after an error that this engine threw. The peer learns the kind of failure, nothing of our inside.
    public mutating func fail(_ error: any Error) {
        let code = (error as? SSHError)?.code
        guard code != .disconnectedByPeer else { return self.isClosed = true }
        let (reason, message): (Disconnect.Reason, String) =
            switch code {
            case .some(.noCommonAlgorithm): (.keyExchangeFailed, "no common algorithm")
            case .some(.keyExchangeFailed), .some(.signatureUnavailable): (.keyExchangeFailed, "key exchange failed")
            case .some(.hostKeyRejected): (.hostKeyNotVerifiable, "host key not verifiable")
            case .some(.integrityCheckFailed): (.macError, "corrupted packet")
            case .some(.authenticationFailed) where self.configuration.role == .server:
                (.noMoreAuthenticationMethods, "Too many authentication failures")
            case .some(.authenticationFailed): (.noMoreAuthenticationMethods, "no more authentication methods")
            case .some(.timedOut): (.connectionLost, "timed out")
            case .some(.limitExceeded): (.protocolError, "limit exceeded")
            default: (.protocolError, "protocol error")
            }
        self.disconnect(reason, message)
    }

    /// Seals a payload that no method of ours would send. For fuzzing and tests of the other side.
    @_spi(Testing)
    public mutating func sendRaw(_ payload: ByteBuffer) throws {
        try self.transport.transmitter.send(header: payload, body: ByteBuffer(), random: self.transport.random)
    }

    /// The first exchange hash (RFC 4253 §7.2), empty before the first key exchange has ended.
    public var sessionIdentifier: [UInt8] { self.transport.sessionIdentifier }
    public var isAuthenticated: Bool { self.transport.isAuthenticated }
}
