import DequeModule
import NIOCore
import SSHWire

/// What the peer says in the connection protocol (RFC 4254).
extension Engine {
    mutating func handleConnection(_ number: MessageNumber, _ reader: WireReader) throws -> Event? {
        switch number {
        case .channelData: return try self.receiveData(try ChannelData(payload: reader))
        case .channelWindowAdjust: return try self.receiveWindowAdjust(try ChannelWindowAdjust(payload: reader))
        case .channelExtendedData: return try self.receiveExtendedData(try ChannelExtendedData(payload: reader))
        case .channelEOF: return try self.receiveEOF(try ChannelEOF(payload: reader))
        case .channelClose: return try self.receiveClose(try ChannelClose(payload: reader))
        case .channelOpen: return try self.receiveOpen(try ChannelOpen(payload: reader))
        case .channelOpenConfirmation: return try self.receiveConfirmation(try ChannelOpenConfirmation(payload: reader))
        case .channelOpenFailure: return try self.receiveOpenFailure(try ChannelOpenFailure(payload: reader))
        case .channelRequest: return try self.receiveRequest(try ChannelRequest(payload: reader))
        case .channelSuccess:
            return try self.receiveReply(try ChannelSuccess(payload: reader).recipientChannel, success: true)
        case .channelFailure:
            return try self.receiveReply(try ChannelFailure(payload: reader).recipientChannel, success: false)
        case .globalRequest: return try self.receiveGlobalRequest(try GlobalRequest(payload: reader))
        case .requestSuccess: return try self.receiveGlobalReply(try RequestSuccess(payload: reader).data)
        case .requestFailure:
            _ = try RequestFailure(payload: reader)
            return try self.receiveGlobalReply(nil)
        default:
            try self.transport.send(Unimplemented(sequenceNumber: self.transport.receiver.lastSequenceNumber))
            return nil
        }
    }

    // MARK: Opening

    private mutating func receiveOpen(_ open: ChannelOpen) throws -> Event? {
        guard open.maximumPacket > 0 else {
            return try self.refuseOpen(open, "a maximum packet size of 0")
        }
        guard let (id, _) = self.makeChannel(phase: .awaitingDecision) else {
            return try self.refuseOpen(open, "too many channels")
        }
        let sendQueue = self.makeSendQueue(window: open.initialWindow, maximumPacket: open.maximumPacket)
        self.channels.update(id) { channel in
            channel.peerNumber = open.senderChannel
            channel.sendQueue = sendQueue
        }
        return .channelOpen(id, open.kind)
    }

    private mutating func refuseOpen(_ open: ChannelOpen, _ message: String) throws -> Event? {
        try self.transport.send(
            ChannelOpenFailure(recipientChannel: open.senderChannel, reason: .resourceShortage, message: message)
        )
        return nil
    }

    private mutating func receiveConfirmation(_ confirmation: ChannelOpenConfirmation) throws -> Event? {
        let sendQueue = self.makeSendQueue(
            window: confirmation.initialWindow,
            maximumPacket: confirmation.maximumPacket
        )
        let id = try self.channels.update(peerNamed: confirmation.recipientChannel) { channel in
            guard channel.phase == .awaitingConfirmation else {
                throw SSHError.protocolViolation("a confirmation of a channel that is not being opened")
            }
            channel.phase = .open
            channel.peerNumber = confirmation.senderChannel
            channel.sendQueue.confirm(with: sendQueue)
            return channel.id
        }
        self.roundTrip.hears(of: id, now: self.lastReceived)
        guard confirmation.maximumPacket > 0 else {
            throw SSHError.protocolViolation("a maximum packet size of 0")
        }
        self.events.append(.channelConfirmed(id))
        // Data may have been queued before.
        self.enqueue(id)
        try self.progress(id)
        return nil
    }

    private mutating func receiveOpenFailure(_ failure: ChannelOpenFailure) throws -> Event? {
        let id = try self.channels.update(peerNamed: failure.recipientChannel) { channel in
            guard channel.phase == .awaitingConfirmation else {
                throw SSHError.protocolViolation("a refusal of a channel that is not being opened")
            }
            return channel.id
        }
        self.remove(id)
        return .channelRefused(id, failure.reason, failure.message)
    }

    private func makeSendQueue(window: UInt32, maximumPacket: UInt32) -> SendQueue {
        // Room for the message's other fields, the padding and the tag below the largest packet we are willing to make.
        let largest = self.configuration.limits.packetLength - 1_024
        return SendQueue(window: window, maximumPacket: min(maximumPacket, largest))
    }

    // MARK: Data

    private mutating func receiveData(_ message: ChannelData) throws -> Event? {
        guard let id = try self.accept(message.data.readableBytes, on: message.recipientChannel) else { return nil }
        return .channelData(id, message.data)
    }

    private mutating func receiveExtendedData(_ message: ChannelExtendedData) throws -> Event? {
        guard let id = try self.accept(message.data.readableBytes, on: message.recipientChannel) else { return nil }
        return .channelExtendedData(id, type: message.type, message.data)
    }

    /// Takes data off the window. Nil when nobody will read it: we have said CLOSE already, or it is empty.
    private mutating func accept(_ count: Int, on number: UInt32) throws -> ChannelID? {
        let packetLimit = Int(self.configuration.limits.channelPacket)
        let (id, isRead, isConversation) = try self.channels.update(peerNamed: number) { channel in
            let isRead = try channel.receive(count, packetLimit: packetLimit)
            return (channel.id, isRead, channel.traffic.isConversation)
        }
        self.roundTrip.hears(of: id, now: self.lastReceived)
        if isConversation { self.lastConversation = (id, self.lastReceived) }
        return isRead ? id : nil
    }

    private mutating func receiveWindowAdjust(_ message: ChannelWindowAdjust) throws -> Event? {
        // Some peers reckon the credit in one thread and close in another: it may come after the channel's end. As in sshd, it
        // means nothing then.
        guard self.channels.isUsed(message.recipientChannel) else { return nil }
        let id = try self.channels.update(peerNamed: message.recipientChannel) { channel in
            guard channel.phase == .open else {
                throw SSHError.protocolViolation("a window adjustment for a channel that is not open")
            }
            try channel.sendQueue.adjust(message.bytesToAdd)
            return channel.id
        }
        self.enqueue(id)
        return nil
    }

    // MARK: The end of a channel

    private mutating func receiveEOF(_ message: ChannelEOF) throws -> Event? {
        let (id, isNews) = try self.channels.update(peerNamed: message.recipientChannel) { channel in
            let isNews = try channel.receiveEOF()
            return (channel.id, isNews)
        }
        return isNews ? .channelEOF(id) : nil
    }

    private mutating func receiveClose(_ message: ChannelClose) throws -> Event? {
        let (id, isExpected) = try self.channels.update(peerNamed: message.recipientChannel) { channel in
            let isExpected = try channel.receiveClose()
            return (channel.id, isExpected)
        }
        if isExpected { try self.closeChannel(id) }
        return isExpected ? nil : .channelCloseReceived(id)
    }

    // MARK: Requests

    private mutating func receiveRequest(_ request: ChannelRequest) throws -> Event? {
        let limit = self.configuration.limits.unansweredRequests
        let (id, reply) = try self.channels.update(peerNamed: request.recipientChannel) {
            channel -> (ChannelID?, UInt64?) in
            guard channel.phase == .open, channel.peer != .closed else {
                throw SSHError.protocolViolation("a request on a channel that is not open")
            }
            guard !channel.own.isClosing else { return (nil, nil) }
            guard channel.replies.count < limit else {
                throw SSHError(.limitExceeded, "too many channel requests wait for an answer")
            }
            return (channel.id, request.wantReply ? channel.replies.append() : nil)
        }
        guard let id else { return nil }
        return .channelRequest(id, name: request.name, data: request.data, reply: reply)
    }

    private mutating func receiveReply(_ number: UInt32, success: Bool) throws -> Event? {
        let id = try self.channels.update(peerNamed: number) { channel in
            guard channel.awaitedReplies > 0 else {
                throw SSHError.protocolViolation("an answer to a channel request that was never made")
            }
            channel.awaitedReplies -= 1
            return channel.id
        }
        return .channelReply(id, success: success)
    }

    private mutating func receiveGlobalRequest(_ request: GlobalRequest) throws -> Event? {
        guard request.wantReply else { return .globalRequest(request.request, reply: nil) }
        guard self.globalReplies.count < self.configuration.limits.unansweredRequests else {
            throw SSHError(.limitExceeded, "too many global requests wait for an answer")
        }
        return .globalRequest(request.request, reply: self.globalReplies.append())
    }

    private mutating func receiveGlobalReply(_ data: ByteBuffer?) throws -> Event? {
        guard let awaited = self.awaitedGlobalReplies.popFirst() else {
            throw SSHError.protocolViolation("an answer to a global request that was never made")
        }
        switch awaited {
        case .request(let number): return .globalReply(number, success: data)
        // Any answer will do.
        case .keepalive: return nil
        case .roundTrip:
            self.roundTrip.answered(now: self.lastReceived)
            return nil
        }
    }
}
