import NIOCore
import SSHWire

/// One channel's state (RFC 4254 §5).
struct Channel {
    enum Phase: Equatable {
        /// Our CHANNEL_OPEN is out.
        case awaitingConfirmation
        /// The peer's CHANNEL_OPEN waits for the layer above.
        case awaitingDecision
        case open
    }

    let id: ChannelID
    var phase: Phase
    var peerNumber: UInt32 = 0
    var receiveWindow: ReceiveWindow
    var traffic = ReceivedTraffic()
    var sendQueue = SendQueue(window: 0, maximumPacket: 0)
    private(set) var own = OwnEnd.open
    private(set) var peer = PeerEnd.open

    /// What is sent is standard error (RFC 4254 §5.2), not data.
    var sendsStandardError = false
    /// Whether it stands in the line of channels that have data to send.
    var isQueued = false
    /// Whether it is among those that wait for credit, or have.
    var isYielding = false
    /// The layer above was told to stop and waits to hear that it may go on.
    private var isThrottled = false

    /// The peer's requests that wait for an answer.
    var replies = ReplyQueue<Bool>()
    /// Our requests whose answer is awaited.
    var awaitedReplies = 0

    init(id: ChannelID, phase: Phase, window: ReceiveWindow) {
        self.id = id
        self.phase = phase
        self.receiveWindow = window
    }

    // MARK: Our direction

    /// Queues data. Who has closed the channel reads nothing more, and gives no more window for what would wait here.
    mutating func queue(_ data: ByteBuffer) {
        guard self.own.isOpen, self.peer != .closed else { return }
        self.sendQueue.append(data)
    }

    /// Whether the layer above is to stop, because what it sent before still waits.
    mutating func throttle() -> Bool {
        self.isThrottled = !self.sendQueue.isEmpty
        return self.isThrottled
    }

    mutating func sendEOF() {
        self.own.end()
    }

    mutating func close() {
        self.own.close()
    }

    /// Whether a window adjustment is of use to the peer, and allowed.
    var takesMore: Bool { self.phase == .open && self.peer == .open && self.own != .closed }

    // MARK: The peer's direction

    /// - Returns: whether anybody is to read the data.
    mutating func receive(_ count: Int, packetLimit: Int) throws -> Bool {
        guard self.phase == .open else { throw SSHError.protocolViolation("data on a channel that is not open") }
        try self.peer.checkData()
        guard count <= packetLimit else {
            throw SSHError.protocolViolation("\(count) bytes of data are more than the packet size allows")
        }
        try self.receiveWindow.receive(count)
        self.traffic.receive(count)
        return !self.own.isClosing && count > 0
    }

    /// - Returns: whether the layer above is to know.
    mutating func receiveEOF() throws -> Bool {
        // Before we have confirmed the channel, the peer cannot know our number for it.
        guard self.phase == .open else { throw SSHError.protocolViolation("EOF on a channel that is not open") }
        return try self.peer.receiveEOF() && !self.own.isClosing
    }

    /// - Returns: whether the layer above has closed the channel already.
    mutating func receiveClose() throws -> Bool {
        guard self.phase == .open else { throw SSHError.protocolViolation("CLOSE on a channel that is not open") }
        try self.peer.receiveClose()
        // Nobody is there to read what still waits.
        self.sendQueue.removeAll()
        return self.own.isClosing
    }

    // MARK: What follows

    /// What the state asks for now; taking it counts it as done.
    struct Steps: Equatable {
        var message: OwnEnd.Message?
        /// The layer above may go on sending.
        var isWritable = false
        /// Both sides have said CLOSE: the number may be used again (RFC 4254 §5.3).
        var isFinished = false
    }

    mutating func takeSteps() -> Steps {
        guard self.sendQueue.isEmpty else { return Steps() }
        var steps = Steps(isWritable: self.isThrottled && !self.own.isClosing)
        self.isThrottled = false
        if self.phase == .open { steps.message = self.own.drained() }
        steps.isFinished = self.own == .closed && self.peer == .closed
        return steps
    }
}
