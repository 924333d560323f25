import SSHWire

/// What we have said on a channel, and what is to follow when the queue is empty (RFC 4254 §5.3).
enum OwnEnd: Equatable {
    /// Data may be queued.
    case open
    /// EOF follows what is queued.
    case ending
    /// EOF is out.
    case ended
    /// CLOSE follows what is queued, after EOF where that is wanted and not out.
    case closing(EndOfFile)
    /// CLOSE is out: nothing more may be said.
    case closed

    enum EndOfFile {
        case unwanted
        case wanted
        case sent
    }

    /// What leaves now.
    enum Message: Equatable {
        case endOfFile
        case close
        case endOfFileAndClose
    }

    /// No more data is to be sent.
    mutating func end() {
        switch self {
        case .open: self = .ending
        case .closing(.unwanted): self = .closing(.wanted)
        case .ending, .ended, .closing, .closed: return
        }
    }

    /// The channel is to be closed.
    mutating func close() {
        switch self {
        case .open: self = .closing(.unwanted)
        case .ending: self = .closing(.wanted)
        case .ended: self = .closing(.sent)
        case .closing, .closed: return
        }
    }

    /// Nothing is queued any more, and the channel is open.
    ///
    /// - Returns: what is to be sent; it counts as said.
    mutating func drained() -> Message? {
        switch self {
        case .open, .ended, .closed: return nil
        case .ending:
            self = .ended
            return .endOfFile
        case .closing(.wanted):
            self = .closed
            return .endOfFileAndClose
        case .closing(.unwanted), .closing(.sent):
            self = .closed
            return .close
        }
    }

    /// Whether data may still be queued.
    var isOpen: Bool { self == .open }

    /// Whether the layer above has no further interest in the channel.
    var isClosing: Bool {
        switch self {
        case .closing, .closed: true
        case .open, .ending, .ended: false
        }
    }
}

/// What the peer has said on a channel (RFC 4254 §5.3).
enum PeerEnd: Equatable {
    case open
    /// It has said EOF.
    case ended
    /// It has said CLOSE.
    case closed

    /// - Throws: a protocol violation if it may send no data any more.
    func checkData() throws {
        guard self == .open else { throw SSHError.protocolViolation("data after EOF or CLOSE") }
    }

    /// - Returns: whether that is news.
    /// - Throws: a protocol violation if it has said CLOSE.
    mutating func receiveEOF() throws -> Bool {
        switch self {
        case .open:
            self = .ended
            return true
        case .ended: return false
        case .closed: throw SSHError.protocolViolation("EOF after CLOSE")
        }
    }

    /// - Throws: a protocol violation if it has said so before.
    mutating func receiveClose() throws {
        guard self != .closed else { throw SSHError.protocolViolation("CLOSE after CLOSE") }
        self = .closed
    }
}
