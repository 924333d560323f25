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

    /// What is sent is standard error (RFC 4254 §5.2), not data.
    var sendsStandardError = false
    /// Whether it stands in the line of channels that have data to send.
    var isQueued = false
    /// Whether it is among those that wait for credit, or have.
    var isYielding = false
    /// The layer above was told to stop and waits to hear that it may go on.
    var isThrottled = false

    /// We will send nothing more once the queue is empty.
    var wantsEOF = false
    var wantsClose = false
    var sentEOF = false
    var sentClose = false
    var receivedEOF = false
    var receivedClose = false

    /// The peer's requests that wait for an answer.
    var replies = ReplyQueue<Bool>()
    /// Our requests whose answer is awaited.
    var awaitedReplies = 0

    init(id: ChannelID, phase: Phase, window: ReceiveWindow) {
        self.id = id
        self.phase = phase
        self.receiveWindow = window
    }

    /// Both sides have said CLOSE: the number may be used again (RFC 4254 §5.3).
    var isFinished: Bool { self.sentClose && self.receivedClose }
}
