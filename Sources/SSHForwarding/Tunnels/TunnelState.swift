/// How far each direction of a tunnel has come, and what follows from it: no socket, no channel, no clock.
struct TunnelState {
    /// From the socket to the channel.
    enum Input {
        /// The channel takes nothing more for now.
        case paused
        case reading
        /// The socket has nothing more to say: EOF went to the channel.
        case done
    }

    /// From the channel to the socket.
    enum Output {
        case open
        /// The channel has nothing more to say: the socket's side is shut down when it has taken what is under way.
        case ending
        case done
    }

    private enum Life {
        case running
        /// The channel is closed when the socket has taken what is under way.
        case closing
        case ended
    }

    /// What is to be done, in this order.
    struct Steps: OptionSet {
        let rawValue: UInt8

        static let resumeSocket = Steps(rawValue: 1)
        static let pauseSocket = Steps(rawValue: 2)
        static let sendEOF = Steps(rawValue: 4)
        static let shutDownSocket = Steps(rawValue: 8)
        /// After what is queued in it.
        static let closeChannel = Steps(rawValue: 16)
    }

    private(set) var input = Input.paused
    private(set) var output = Output.open
    private var life = Life.running
    /// What ended the tunnel first.
    private(set) var ending = Tunnel.Ending.finished
    /// A batch is on its way into the socket: one at a time, so that little is kept for each.
    private(set) var isWriting = false
    /// Bytes that the channel said and the socket has not taken.
    private(set) var inFlight = 0

    var hasEnded: Bool { self.life == .ended }

    // MARK: Socket to channel

    /// The channel is open and takes data.
    mutating func channelTakesData() -> Steps {
        guard self.input == .paused else { return [] }
        self.input = .reading
        return .resumeSocket
    }

    /// The channel keeps what it has for now.
    mutating func channelIsFull() -> Steps {
        guard self.input == .reading else { return [] }
        self.input = .paused
        return .pauseSocket
    }

    /// The socket's other side has ended its direction.
    mutating func socketEndedInput() -> Steps {
        let steps = self.endInput()
        return steps.union(self.closeIfDone())
    }

    /// The socket had ended its direction before this tunnel took over, and the channel knows.
    mutating func inputHasEnded() {
        self.input = .done
    }

    private mutating func endInput() -> Steps {
        guard self.input != .done else { return [] }
        self.input = .done
        return .sendEOF
    }

    /// The socket is gone, in whatever way: what it said before still goes out.
    mutating func socketEnded() -> Steps {
        if self.output == .open, self.ending == .finished { self.ending = .closedBySocket }
        let steps = self.endInput()
        self.output = .done
        return steps.union(.closeChannel)
    }

    // MARK: Channel to socket

    mutating func channelSaid(_ count: Int) {
        self.inFlight += count
    }

    mutating func beginWriting() {
        self.isWriting = true
    }

    mutating func socketTook(_ count: Int) -> Steps {
        self.isWriting = false
        self.inFlight -= count
        return self.drained()
    }

    mutating func channelEndedOutput() -> Steps {
        guard self.output == .open else { return [] }
        self.output = .ending
        return self.drained().union(self.closeIfDone())
    }

    /// The peer wants the channel closed.
    mutating func channelIsToClose() -> Steps {
        if self.input != .done, self.ending == .finished { self.ending = .closedByPeer }
        if self.life == .running { self.life = .closing }
        return self.drained()
    }

    private mutating func closeIfDone() -> Steps {
        guard self.input == .done, self.output != .open else { return [] }
        if self.life == .running { self.life = .closing }
        return self.drained()
    }

    /// What waits for the socket to have taken everything. A shutdown is among that: NIO makes a full close of it when the
    /// socket's other direction has ended, and drops what is not written.
    private mutating func drained() -> Steps {
        guard self.inFlight == 0 else { return [] }
        var steps: Steps = []
        if self.output == .ending {
            self.output = .done
            steps.insert(.shutDownSocket)
        }
        if self.life == .closing { steps.insert(.closeChannel) }
        return steps
    }

    // MARK: The end

    /// The tunnel is ended now, whatever is under way.
    mutating func end(_ ending: Tunnel.Ending) {
        self.ending = ending
    }

    /// The channel is gone.
    mutating func channelEnded() {
        self.input = .done
        self.output = .done
        self.life = .ended
    }
}
