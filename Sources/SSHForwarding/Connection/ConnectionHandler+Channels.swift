public import NIOCore
public import SSHProtocol
public import SSHWire

/// What the sinks, and those who make them, do with channels.
extension ConnectionHandler {
    /// Opens a channel; the sink hears of its fate.
    ///
    /// - Returns: nil when the connection has as many channels as it may have, or has ended.
    public func open(_ kind: ChannelOpen.Kind, sink: any ChannelSink) -> ChannelID? {
        guard case .some(.some(let id)) = self.perform({ try $0.openChannel(kind) }) else { return nil }
        guard self.endReason == nil else { return nil }
        self.sinks[id] = sink
        return id
    }

    /// Accepts the peer's channel.
    public func accept(_ id: ChannelID, sink: any ChannelSink) {
        guard self.perform({ try $0.confirmChannel(id) }) == true, self.endReason == nil else {
            return sink.channelClosed()
        }
        self.sinks[id] = sink
    }

    /// From now on another sink stands behind the channel.
    public func replaceSink(of id: ChannelID, with sink: any ChannelSink) {
        guard self.sinks[id] != nil else { return sink.channelClosed() }
        self.sinks[id] = sink
    }

    public func refuse(_ id: ChannelID, _ reason: ChannelOpenFailure.Reason, _ message: String) {
        self.perform { try $0.refuseChannel(id, reason, message) }
    }

    /// Queues data without sending it yet: call `flush` at the end of the batch.
    public func send(_ data: ByteBuffer, on id: ChannelID) {
        guard self.endReason == nil else { return }
        self.engine.send(data, on: id)
    }

    /// Sends what is queued.
    ///
    /// - Returns: whether the channel's source may go on reading; if not, `channelWritable` follows.
    public func flush(_ id: ChannelID) -> Bool {
        if self.engine.queuedBytes(on: id) <= Self.smallBatch {
            self.pumpSoon()
            return true
        }
        self.pump()
        return !self.engine.throttle(id)
    }

    public func sendEOF(on id: ChannelID) {
        self.perform { try $0.sendEOF(on: id) }
    }

    /// Closes the channel when what is queued has left.
    public func close(_ id: ChannelID) {
        self.perform { try $0.closeChannel(id) }
    }

    /// Closes the channel now.
    public func abort(_ id: ChannelID) {
        self.perform { try $0.abortChannel(id) }
    }

    /// So many bytes have reached their end.
    public func delivered(_ count: Int, on id: ChannelID) {
        guard self.endReason == nil else { return }
        do {
            try self.engine.delivered(count, on: id, now: .now())
            if self.hasWork { self.pumpSoon() }
        } catch {
            self.fail(error)
        }
    }
}
