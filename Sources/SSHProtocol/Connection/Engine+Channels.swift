public import NIOCore
public import SSHWire

/// What the layer above does with channels (RFC 4254 §5). A name that stands for nothing any more is no error: the peer
/// may have closed the channel a moment ago.
extension Engine {
    /// Opens a channel; `channelConfirmed` or `channelRefused` follows.
    ///
    /// - Returns: nil when there is no room for it; `channelShortage` says why.
    public mutating func openChannel(_ kind: ChannelOpen.Kind) throws -> ChannelID? {
        guard let (id, window) = self.makeChannel(phase: .awaitingConfirmation) else { return nil }
        self.roundTrip.opens(id, lastReceived: self.lastReceived)
        try self.transport.send(
            ChannelOpen(
                kind: kind,
                senderChannel: id.number,
                initialWindow: window,
                maximumPacket: self.configuration.limits.channelPacket
            )
        )
        return id
    }

    /// Accepts the peer's channel.
    ///
    /// - Returns: whether it still waits for that.
    @discardableResult
    public mutating func confirmChannel(_ id: ChannelID) throws -> Bool {
        let confirmed = self.channels.update(id) { channel -> (UInt32, UInt32)? in
            guard channel.phase == .awaitingDecision else { return nil }
            channel.phase = .open
            return (channel.peerNumber, channel.receiveWindow.available)
        }
        guard case .some(.some((let peerNumber, let window))) = confirmed else { return false }
        self.roundTrip.opens(id, lastReceived: self.lastReceived)
        try self.transport.send(
            ChannelOpenConfirmation(
                recipientChannel: peerNumber,
                senderChannel: id.number,
                initialWindow: window,
                maximumPacket: self.configuration.limits.channelPacket
            )
        )
        self.enqueue(id)
        try self.progress(id)
        return true
    }

    /// Refuses the peer's channel, whose name stands for nothing from then on.
    public mutating func refuseChannel(_ id: ChannelID, _ reason: ChannelOpenFailure.Reason, _ message: String) throws {
        let peerNumber = self.channels.update(id) { $0.phase == .awaitingDecision ? $0.peerNumber : nil }
        guard case .some(.some(let peerNumber)) = peerNumber else { return }
        self.remove(id)
        try self.transport.send(ChannelOpenFailure(recipientChannel: peerNumber, reason: reason, message: message))
    }

    /// Queues data. What one source reads at a time is all that may wait: ask `throttle` before reading more.
    public mutating func send(_ data: ByteBuffer, on id: ChannelID) {
        self.channels.update(id) { $0.queue(data) }
        self.enqueue(id)
    }

    /// From now on what is sent on the channel is standard error (RFC 4254 §5.2): for a session that has nothing else to say.
    public mutating func sendStandardError(on id: ChannelID) {
        self.channels.update(id) { $0.sendsStandardError = true }
    }

    /// What the channel's window or its turn has not let go yet.
    public mutating func queuedBytes(on id: ChannelID) -> Int {
        self.channels.update(id) { $0.sendQueue.bytes } ?? 0
    }

    /// Whether the source is to stop reading because what it read before still waits; `channelWritable` follows then.
    public mutating func throttle(_ id: ChannelID) -> Bool {
        self.channels.update(id) { $0.throttle() } ?? false
    }

    /// We will send nothing more on this channel; what is queued goes first.
    public mutating func sendEOF(on id: ChannelID) throws {
        self.channels.update(id) { $0.sendEOF() }
        try self.progress(id)
    }

    /// Closes the channel; what is queued goes first. `channelClosed` follows when the peer has agreed.
    public mutating func closeChannel(_ id: ChannelID) throws {
        self.channels.update(id) { $0.close() }
        try self.progress(id)
    }

    /// Closes the channel at once; what is queued is dropped.
    public mutating func abortChannel(_ id: ChannelID) throws {
        self.channels.update(id) { $0.sendQueue.removeAll() }
        try self.closeChannel(id)
    }

    /// So many bytes of the channel have reached their sink: the peer may send as many more.
    public mutating func delivered(_ count: Int, on id: ChannelID, now: NIODeadline) throws {
        let (roundTrip, share) = (self.roundTrip.least, self.memory)
        // What asked for the bulk on the same channel does not wait for it.
        let isBesideConversation = self.lastConversation?.channel != id && self.isNearPeerConversing(now: now)
        let adjust = self.channels.update(id) { channel -> ChannelWindowAdjust? in
            let yields = isBesideConversation && !channel.traffic.isConversation
            let credit = channel.receiveWindow.deliver(
                count,
                now: now,
                roundTrip: roundTrip,
                yields: yields,
                share: share
            )
            guard let credit, channel.takesMore else { return nil }
            return ChannelWindowAdjust(recipientChannel: channel.peerNumber, bytesToAdd: credit)
        }
        if case .some(.some(let adjust)) = adjust { try self.transport.send(adjust) }
        guard adjust != nil, !self.transport.isNearKeyExchange(now: now) else { return }
        if self.roundTrip.asks(delivered: count, now: now) { try self.sendKeepalive(.roundTrip) }
    }

    // MARK: Requests

    public mutating func sendChannelRequest(
        _ name: String,
        data: ByteBuffer = ByteBuffer(),
        wantReply: Bool,
        on id: ChannelID
    ) throws {
        let peerNumber = self.channels.update(id) { channel -> UInt32? in
            guard channel.phase == .open, channel.own != .closed else { return nil }
            if wantReply { channel.awaitedReplies += 1 }
            return channel.peerNumber
        }
        guard case .some(.some(let peerNumber)) = peerNumber else { return }
        try self.transport.send(
            ChannelRequest(recipientChannel: peerNumber, name: name, wantReply: wantReply, data: data)
        )
    }

    /// Asks something of a session (RFC 4254 §6).
    public mutating func sendChannelRequest(_ request: SessionRequest, wantReply: Bool, on id: ChannelID) throws {
        try self.sendChannelRequest(request.name, data: request.data, wantReply: wantReply, on: id)
    }

    /// Answers the request of that number; it leaves when those before it have been answered.
    public mutating func answerChannelRequest(_ number: UInt64, success: Bool, on id: ChannelID) throws {
        let replies = self.channels.update(id) { channel -> [(UInt32, Bool)] in
            guard channel.own != .closed, channel.replies.answer(number, success) else { return [] }
            var ready: [(UInt32, Bool)] = []
            while let reply = channel.replies.next() { ready.append((channel.peerNumber, reply)) }
            return ready
        }
        for (peerNumber, success) in replies ?? [] {
            if success {
                try self.transport.send(ChannelSuccess(recipientChannel: peerNumber))
            } else {
                try self.transport.send(ChannelFailure(recipientChannel: peerNumber))
            }
        }
    }

    /// Sends a global request (RFC 4254 §4).
    ///
    /// - Returns: the number that `globalReply` will carry, if a reply is wanted.
    @discardableResult
    public mutating func sendGlobalRequest(_ request: GlobalRequest.Request, wantReply: Bool) throws -> UInt64? {
        try self.transport.send(GlobalRequest(request, wantReply: wantReply))
        guard wantReply else { return nil }
        let number = self.nextGlobalRequest
        self.nextGlobalRequest += 1
        self.awaitedGlobalReplies.append(.request(number))
        return number
    }

    /// Answers the global request of that number; it leaves when those before it have been answered.
    ///
    /// - Parameter success: the reply's data, or nil for no.
    public mutating func answerGlobalRequest(_ number: UInt64, success: ByteBuffer?) throws {
        guard self.globalReplies.answer(number, success) else { return }
        while let reply = self.globalReplies.next() {
            if let data = reply {
                try self.transport.send(RequestSuccess(data: data))
            } else {
                try self.transport.send(RequestFailure())
            }
        }
    }

    /// Asks the peer for a sign of life; whatever it says next raises `lastHeard`.
    public mutating func askForLife() throws {
        try self.sendKeepalive()
    }

    /// When bytes last came.
    public var lastHeard: NIODeadline { self.lastReceived }

    mutating func sendKeepalive(_ reply: AwaitedReply = .keepalive) throws {
        // A peer that never answers would otherwise make the list grow for as long as it likes.
        guard self.awaitedGlobalReplies.count < self.configuration.limits.unansweredRequests else { return }
        let request = GlobalRequest.Request.other(name: GlobalRequest.keepalive, data: ByteBuffer())
        try self.transport.send(GlobalRequest(request, wantReply: true))
        self.awaitedGlobalReplies.append(reply)
    }

    /// A channel that is gone keeps nothing of the budget, and waits for nothing.
    mutating func remove(_ id: ChannelID) {
        if let (window, isYielding) = self.channels.update(id, { ($0.receiveWindow.size, $0.isYielding) }) {
            self.memory.giveBack(EngineLimits.channelCost + Int(window))
            if isYielding { self.yielding.removeAll { $0 == id } }
        }
        self.channels.remove(id)
    }

    // MARK: State

    /// Channels that are open or being opened.
    public var channelCount: Int { self.channels.count }

    /// Bytes received on the channel that have not reached their sink.
    public mutating func undelivered(on id: ChannelID) -> Int {
        Int(self.channels.update(id) { $0.receiveWindow.undelivered } ?? 0)
    }
}
