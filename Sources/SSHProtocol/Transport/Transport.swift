import DequeModule
import NIOCore
import SSHCrypto
import SSHWire

/// The transport layer (RFC 4253): identification, packets, key exchange, and the messages below 50.
///
/// It cannot be copied: two copies would seal two packets with one nonce.
struct Transport: ~Copyable {
    /// What came in and concerns the layers above.
    enum Received {
        case lineBeforeIdentification(String, number: Int)
        case identification(String)
        case hostKey(HostKeyToVerify)
        indirect case signatureWanted(SignatureRequest)
        case newKeys(NegotiatedAlgorithms, isFirst: Bool)
        case debug(Debug)
        /// A message of the authentication or connection protocol, or of service negotiation.
        case message(MessageNumber, WireReader)
    }

    let configuration: EngineConfiguration
    let random: any RandomSource

    var receiver: PacketReceiver
    var transmitter = PacketTransmitter()
    var keyExchange = KeyExchangePhase.idle
    /// Of whatever purpose: they have one number each.
    var awaitedSignatures = AwaitedSignatures()

    /// The first exchange hash (RFC 4253 §7.2); empty until then.
    private(set) var sessionIdentifier: [UInt8] = []
    private(set) var peerIdentification: [UInt8] = []
    /// Client: the key that the server proved to have. Server: our own that was used.
    var hostKey: [UInt8] = []
    /// What it signed the last key exchange with.
    private(set) var hostKeySignature = ""
    var isStrict = false
    var peerWantsExtensionInfo = false
    var isAuthenticated = false {
        didSet {
            self.receiver.maximumLength = self.configuration.limits.packetLength
            self.receiver.opensAhead = true
        }
    }

    private let ownIdentification: [UInt8]
    private var identificationReader: IdentificationReader
    private var heldMessages = Deque<WireWriter>()
    private(set) var heldBytes = 0
    private var lateMessages = LateMessages()
    private var packetsBeforeLogin: UInt64 = 0
    private var bytesBeforeLogin: UInt64 = 0
    private var peerExtensions = PeerExtensions()
    private var packetsSinceNewKeys: UInt64 { self.receiver.packets }
    private var rekeying: RekeySchedule

    init(configuration: EngineConfiguration, random: any RandomSource, now: NIODeadline) throws {
        var configuration = configuration
        if configuration.prepared == nil { configuration.prepare() }
        self.configuration = configuration
        self.random = random
        self.receiver = PacketReceiver(maximumLength: configuration.limits.packetLengthBeforeLogin)
        self.identificationReader = IdentificationReader(role: configuration.role)
        self.ownIdentification = configuration.preparation.identification
        self.rekeying = RekeySchedule(limit: configuration.rekeyLimit, limits: configuration.limits, now: now)
        guard configuration.preparation.isIdentificationValid else {
            throw SSHError(.misuse, "the identification line would be too long or not printable")
        }
        self.transmitter.appendIdentification(self.ownIdentification)
        try self.startKeyExchange(now: now)
    }

    /// What else runs on the same thread uses them too.
    mutating func use(_ spare: SpareBuffers) {
        self.receiver.spare = spare
        self.transmitter.spare = spare
    }

    var hasKeys: Bool { !self.sessionIdentifier.isEmpty }

    /// Whether data may leave now.
    var maySendData: Bool { self.hasKeys && !self.keyExchange.holdsOwnMessages }

    /// The peer's SSH_MSG_EXT_INFO, all that came.
    var peerExtensionInfo: PeerExtensions { self.peerExtensions }

    /// When time alone will require something: a renewal of keys, or the end of an exchange that takes too long.
    var nextDeadline: NIODeadline? { self.rekeying.nextDeadline }

    // MARK: Sending

    /// Sends a message, or holds it back until the key exchange has ended.
    mutating func send(_ message: some WireMessage) throws {
        let spare = self.transmitter.spare
        let payload = spare.map { message.payload(in: $0.message.take(capacity: 64)) } ?? message.payload()
        try self.send(payload: payload, number: type(of: message).number)
        spare?.message.keep(payload.buffer)
    }

    /// The same for a payload that was written before.
    mutating func send(payload: WireWriter, number: MessageNumber) throws {
        guard self.keyExchange.holdsOwnMessages, !number.isKeyExchange, number != .disconnect else {
            return try self.transmitter.send(header: payload.buffer, body: ByteBuffer(), random: self.random)
        }
        // Short messages take more memory than they have bytes.
        self.heldBytes += payload.buffer.storageCapacity + MemoryLayout<WireWriter>.stride
        guard self.heldBytes <= self.configuration.limits.bytesHeldByKeyExchange else {
            throw SSHError(.limitExceeded, "the peer asks for too much while a key exchange is under way")
        }
        self.heldMessages.append(payload)
    }

    private mutating func releaseHeldMessages() throws {
        self.heldBytes = 0
        while let payload = self.heldMessages.popFirst() {
            try self.transmitter.send(header: payload.buffer, body: ByteBuffer(), random: self.random)
        }
        self.heldMessages = Deque()
    }

    // MARK: Receiving

    /// Goes on with what has arrived until something concerns the layers above; nil until more bytes have come.
    mutating func next(now: NIODeadline) throws -> Received? {
        if self.peerIdentification.isEmpty {
            switch try self.receiver.readIdentification(&self.identificationReader) {
            case nil:
                return nil
            case .before(let line, let number):
                return .lineBeforeIdentification(String(decoding: line, as: UTF8.self), number: number)
            case .identification(let line):
                self.peerIdentification = line
                self.apply(self.rekeying.limit)
                return .identification(String(decoding: line, as: UTF8.self))
            }
        }
        if case .awaitingHostKeyDecision = self.keyExchange { return nil }
        while let payload = try self.receiver.next() {
            try self.countBeforeLogin(payload)
            if let received = try self.handle(payload, now: now) { return received }
        }
        return nil
    }

    private mutating func countBeforeLogin(_ payload: ByteBuffer) throws {
        guard !self.isAuthenticated else { return }
        self.packetsBeforeLogin += 1
        self.bytesBeforeLogin += UInt64(clamping: payload.readableBytes)
        let limits = self.configuration.limits
        guard self.packetsBeforeLogin <= limits.packetsBeforeLogin, self.bytesBeforeLogin <= limits.bytesBeforeLogin
        else { throw SSHError(.limitExceeded, "the peer sends too much before it has logged in") }
    }

    private mutating func handle(_ payload: ByteBuffer, now: NIODeadline) throws -> Received? {
        let reader = WireReader(payload)
        let number = MessageNumber(rawValue: payload.getInteger(at: payload.readerIndex) ?? 0)
        if number.isKeyExchange { return try self.handleKeyExchange(number, reader, now: now) }
        // Strict key exchange: nothing may be slipped in before the first NEWKEYS (PROTOCOL §1.10).
        if !self.hasKeys || !self.receiverHasKeys, self.isStrict, number != .disconnect {
            throw SSHError.protocolViolation("\(number) in the middle of a strict key exchange")
        }
        switch number {
        case .disconnect:
            throw SSHError(disconnect: try Disconnect(payload: reader))
        case .ignore, .unimplemented:
            return nil
        case .debug:
            return .debug(try Debug(payload: reader))
        default:
            break
        }
        try self.checkPhase(number, size: payload.readableBytes)
        switch number {
        case .extensionInfo:
            try self.handleExtensionInfo(reader)
        case .ping:
            try self.send(Pong(data: try Ping(payload: reader).data))
        case .pong:
            break
        case .serviceRequest, .serviceAccept:
            return .message(number, reader)
        case _ where number.isTransport:
            try self.send(Unimplemented(sequenceNumber: self.receiver.lastSequenceNumber))
        default:
            return .message(number, reader)
        }
        return nil
    }

    /// Whether the peer may say this now that a key exchange may be under way.
    private mutating func checkPhase(_ number: MessageNumber, size: Int) throws {
        guard !self.hasKeys || !self.receiverHasKeys || self.keyExchange.peerMayOnlyExchangeKeys else { return }
        guard self.isAuthenticated else {
            throw SSHError.protocolViolation("\(number) in the middle of a key exchange")
        }
        try self.lateMessages.take(number, size: size, limits: self.configuration.limits)
    }

    private mutating func handleExtensionInfo(_ reader: WireReader) throws {
        try self.peerExtensions.add(
            try ExtensionInfo(payload: reader),
            role: self.configuration.role,
            isFirstAfterNewKeys: self.packetsSinceNewKeys == 1 && self.rekeying.count == 1,
            isAuthenticated: self.isAuthenticated
        )
    }

    // MARK: Keys

    /// Whether the peer's packets are encrypted.
    private var receiverHasKeys: Bool { self.rekeying.count > 0 }

    /// Sends our KEXINIT, if none is out.
    mutating func startKeyExchange(now: NIODeadline) throws {
        guard self.keyExchange.isIdle else { return }
        let ownInit = self.ownKeyExchangeInit.payload(cookie: self.random.randomBytes(16))
        try self.send(payload: WireWriter(ByteBuffer(bytes: ownInit)), number: .keyExchangeInit)
        self.keyExchange = .awaitingInit(ownInit: ownInit)
        self.rekeying.begin(now: now)
    }

    /// Starts a key exchange if enough bytes, packets or time have gone by.
    mutating func renewKeysIfDue(now: NIODeadline) throws {
        if self.rekeying.isOverdue(now: now) { throw self.overdue }
        guard self.isAuthenticated, self.keyExchange.isIdle else { return }
        let bytes = max(self.receiver.bytes, self.transmitter.bytes)
        let packets = max(self.receiver.packets, self.transmitter.packets)
        if self.rekeying.isDue(bytes: bytes, packets: packets, now: now) { try self.startKeyExchange(now: now) }
    }

    private var overdue: SSHError {
        guard case .awaitingSignature = self.keyExchange else {
            return SSHError(.timedOut, "the peer did not finish the key exchange in time")
        }
        return SSHError(.signatureUnavailable, "no signature by the host key came within the time of a key exchange")
    }

    var isExchangingKeys: Bool { !self.keyExchange.isIdle }

    /// Whether either side may begin a key exchange before the answer to a question of now is here, or has begun one: some peers
    /// answer in the middle of it.
    func isNearKeyExchange(now: NIODeadline) -> Bool {
        guard self.keyExchange.isIdle else { return true }
        let bytes = max(self.receiver.bytes, self.transmitter.bytes)
        let packets = max(self.receiver.packets, self.transmitter.packets)
        return self.rekeying.isNear(bytes: bytes, packets: packets, now: now)
    }

    /// The peer began; one that does nothing else is refused.
    mutating func answerKeyExchange(now: NIODeadline) throws {
        guard self.keyExchange.isIdle else { return }
        try self.rekeying.countPeerStart(sent: self.transmitter.bytes, received: self.receiver.bytes, now: now)
        try self.startKeyExchange(now: now)
    }

    /// Derives the keys, says NEWKEYS, and protects what we send with the new keys from then on.
    mutating func sendNewKeys(_ agreed: KeyExchangePhase.Agreed, _ secrets: KeyExchangePhase.Secrets) throws {
        let isFirst = !self.hasKeys
        if isFirst { self.sessionIdentifier = secrets.exchangeHash }
        self.hostKeySignature = CertificateAlgorithm.plainSignature(of: agreed.algorithms.hostKey)
        let keys = DirectionKeys(
            secrets,
            sessionIdentifier: self.sessionIdentifier,
            algorithms: agreed.algorithms,
            role: self.configuration.role
        )
        try self.send(NewKeys())
        self.transmitter.use(try PacketSealer(keys.sending), resetSequenceNumber: self.isStrict)
        let opener = try PacketOpener(keys.receiving)
        self.keyExchange = .awaitingNewKeys(opener: opener, algorithms: agreed.algorithms)
        if isFirst, self.configuration.role == .server, self.peerWantsExtensionInfo { try self.sendExtensionInfo() }
        try self.releaseHeldMessages()
    }

    /// The peer said NEWKEYS.
    mutating func receiveNewKeys(
        _ opener: PacketOpener,
        _ algorithms: NegotiatedAlgorithms,
        now: NIODeadline
    ) -> Received {
        self.receiver.use(opener, resetSequenceNumber: self.isStrict)
        self.keyExchange = .idle
        self.lateMessages = LateMessages()
        self.rekeying.end(now: now)
        return .newKeys(algorithms, isFirst: self.rekeying.count == 1)
    }

    /// The bytes that go into the exchange hash, ours and theirs put where the roles say.
    func exchangeHash(
        _ agreed: KeyExchangePhase.Agreed,
        hostKey: [UInt8],
        initiatorValue: [UInt8],
        responderValue: [UInt8],
        secret: SharedSecret
    ) -> [UInt8] {
        let isClient = self.configuration.role == .client
        return ExchangeHashInput(
            clientVersion: isClient ? self.ownIdentification : self.peerIdentification,
            serverVersion: isClient ? self.peerIdentification : self.ownIdentification,
            clientKexInit: isClient ? agreed.ownInit : agreed.peerInit,
            serverKexInit: isClient ? agreed.peerInit : agreed.ownInit,
            hostKey: hostKey,
            initiatorValue: initiatorValue,
            responderValue: responderValue,
            secret: secret
        ).hash(agreed.algorithms.keyExchange.hash)
    }

    mutating func apply(_ limit: RekeyLimit) {
        self.rekeying.limit = limit.before(self.peerIdentification)
    }

    var rekeyLimit: RekeyLimit { self.rekeying.limit }

    /// Whether this is the connection's first key exchange.
    var isFirstKeyExchange: Bool { self.rekeying.count == 0 }
}

extension UInt64 {
    func addingClamped(_ other: UInt64) -> UInt64 {
        let (sum, overflow) = self.addingReportingOverflow(other)
        return overflow ? .max : sum
    }
}
