import DequeModule
import NIOCore
import SSHWire

/// How queued data leaves: a packet from each channel in turn, so that none waits for another's megabytes.
extension Engine {
    private static let packetBesideConversation = 32 * 1024

    /// Puts a channel that has data and window at the end of the line.
    mutating func enqueue(_ id: ChannelID) {
        let joins = self.channels.update(id) { channel in
            guard channel.phase == .open, !channel.isQueued, channel.sendQueue.maySend else { return false }
            channel.isQueued = true
            return true
        }
        if joins == true { self.sending.append(id) }
    }

    /// Whether `takeOutput` would find something to send.
    public var hasOutput: Bool {
        self.transport.transmitter.output.readableBytes > 0
            || (!self.isClosed && !self.sending.isEmpty && self.transport.maySendData)
    }

    /// Bytes that are sealed and not taken.
    public var sealedBytes: Int { self.transport.transmitter.output.readableBytes }

    mutating func sealData(limit: Int, now: NIODeadline) throws {
        // A word that comes meanwhile waits for a packet of each channel.
        let packet = self.isBesideConversation(now: now) ? min(limit, Self.packetBesideConversation) : limit
        self.reserveOutput(limit: limit, packet: packet)
        var header = ByteBuffer()
        while self.transport.transmitter.output.readableBytes < limit, self.transport.maySendData,
            let id = self.sending.popFirst()
        {
            guard !self.yields(id, now: now) else { continue }
            try self.sealPiece(of: id, packet: packet, header: &header)
            try self.transport.renewKeysIfDue(now: now)
        }
    }

    /// Makes room for a bulk channel's data at once: an output that grows packet by packet is copied again and again.
    private mutating func reserveOutput(limit: Int, packet: Int) {
        guard self.transport.maySendData, let id = self.sending.first,
            let (bytes, packets) = self.channels.update(id, { $0.sendQueue.sendable(limit: packet) }), packets > 1
        else { return }
        let overhead = ChannelData.headerLength + self.transport.transmitter.overhead
        self.transport.transmitter.reserve(
            min(bytes + packets * overhead, limit + min(packet, Int(self.configuration.limits.packetLength)) + overhead)
        )
    }

    private mutating func sealPiece(of id: ChannelID, packet: Int, header: inout ByteBuffer) throws {
        let next = self.channels.update(id) { channel -> (UInt32, Bool, ByteBuffer)? in
            channel.isQueued = false
            guard let piece = channel.sendQueue.next(limit: packet) else { return nil }
            return (channel.peerNumber, channel.sendsStandardError, piece)
        }
        guard case .some(.some((let peerNumber, let isStandardError, let piece))) = next else { return }
        header.clear()
        if isStandardError {
            ChannelExtendedData.writeHeader(
                recipientChannel: peerNumber,
                type: ChannelExtendedData.standardError,
                length: piece.readableBytes,
                to: &header
            )
        } else {
            ChannelData.writeHeader(recipientChannel: peerNumber, length: piece.readableBytes, to: &header)
        }
        try self.transport.transmitter.send(header: header, body: piece, random: self.transport.random)
        self.enqueue(id)
        try self.progress(id)
    }

    /// Says EOF and CLOSE when nothing is left before them, and tells the layer above that it may go on sending.
    mutating func progress(_ id: ChannelID) throws {
        let next = self.channels.update(id) { channel in (channel.takeSteps(), channel.peerNumber) }
        guard let (steps, peerNumber) = next else { return }
        switch steps.message {
        case .endOfFile?: try self.transport.send(ChannelEOF(recipientChannel: peerNumber))
        case .close?: try self.transport.send(ChannelClose(recipientChannel: peerNumber))
        case .endOfFileAndClose?:
            try self.transport.send(ChannelEOF(recipientChannel: peerNumber))
            try self.transport.send(ChannelClose(recipientChannel: peerNumber))
        case nil: break
        }
        if steps.isWritable { self.events.append(.channelWritable(id)) }
        if steps.isFinished {
            self.remove(id)
            self.events.append(.channelClosed(id))
        }
    }
}
