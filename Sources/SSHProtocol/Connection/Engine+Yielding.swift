public import NIOCore

/// How bulk makes way for a conversation on the same connection: nothing overtakes what is under way, so little of it is.
extension Engine {
    /// OpenSSH lets its windows of 2 MiB fill its socket. It gives credit for three packets, so what is outstanding can be
    /// limited to a few more; others, who may wait until half a window is used up, would wait for us as we for them. A peer of
    /// ours sees to it with its windows.
    private static let outstanding: UInt32 = 256 * 1024
    private static let openSSH = Array("SSH-2.0-OpenSSH_".utf8)

    var isPeerOpenSSH: Bool { self.transport.peerIdentification.starts(with: Self.openSSH) }

    /// Whether small messages come on some channel.
    public func isBesideConversation(now: NIODeadline) -> Bool {
        guard let last = self.lastConversation?.time else { return false }
        return now - last < ReceivedTraffic.pause
    }

    /// The same from a peer so near that only what is queued delays them.
    func isNearPeerConversing(now: NIODeadline) -> Bool {
        guard let roundTrip = self.roundTrip.least, roundTrip < ReceiveWindow.shortestWay else { return false }
        return self.isBesideConversation(now: now)
    }

    /// Whether a channel waits for credit before it sends more; with credit its turn comes again.
    mutating func yields(_ id: ChannelID, now: NIODeadline) -> Bool {
        guard self.isNearPeerConversing(now: now), self.isPeerOpenSSH else { return false }
        let isNews = self.channels.update(id) { channel -> Bool? in
            guard channel.sendQueue.outstanding >= Self.outstanding else { return nil }
            channel.isQueued = false
            defer { channel.isYielding = true }
            return !channel.isYielding
        }
        guard case .some(.some(let isNews)) = isNews else { return false }
        if isNews { self.yielding.append(id) }
        return true
    }

    /// When the conversation may be over for which channels wait.
    var nextYieldingDeadline: NIODeadline? {
        self.yielding.isEmpty ? nil : self.lastConversation.map { $0.time + ReceivedTraffic.pause }
    }

    /// After a conversation they wait no longer, whether or not their peer has given credit.
    mutating func endYielding(now: NIODeadline) {
        guard !self.yielding.isEmpty, !self.isBesideConversation(now: now) else { return }
        let channels = self.yielding
        self.yielding.removeAll()
        for id in channels {
            self.channels.update(id) { $0.isYielding = false }
            self.enqueue(id)
        }
    }
}
