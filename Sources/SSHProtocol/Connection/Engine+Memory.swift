import SSHWire

/// What a connection makes us hold, and when there is no room for more.
extension Engine {
    /// The smallest window with which a channel begins when memory is short.
    private static let leastWindow: UInt32 = 4 * 1024
    /// A new channel's window is at most such a part of what the account may still take.
    private static let windowsOfRoom = 2_048
    /// Less than this is not counted: every connection has it now and then.
    private static let uncounted = 32 * 1024
    /// What may be held beside channels when there is no room for it.
    private static let leastHeld = 128 * 1024

    /// - Returns: its name and its window; nil when there is no room for it, which `channelShortage` tells.
    mutating func makeChannel(phase: Channel.Phase) -> (ChannelID, window: UInt32)? {
        guard self.channels.count < self.channelLimit else { return self.shortage(.limit(self.channelLimit)) }
        let limits = self.configuration.limits
        let part = UInt32(clamping: self.memory.room(for: .opening) / Self.windowsOfRoom)
        let size = min(limits.channelWindow, max(part, Self.leastWindow))
        guard self.memory.takeAll(EngineLimits.channelCost + Int(size), for: .opening) else {
            return self.shortage(.memory)
        }
        let window = ReceiveWindow(
            size: size,
            ordinary: limits.ordinaryChannelWindow,
            largest: limits.largestChannelWindow,
            // OpenSSH queues all that it may send in one buffer, and moves it to and fro: nearby, that costs more than it brings.
            growsNearby: !self.isPeerOpenSSH
        )
        guard let id = self.channels.insert(phase: phase, window: window) else {
            self.memory.giveBack(EngineLimits.channelCost + Int(size))
            return self.shortage(.memory)
        }
        return (id, size)
    }

    private mutating func shortage(_ shortage: ChannelShortage) -> (ChannelID, window: UInt32)? {
        self.events.append(.channelShortage(shortage))
        return nil
    }

    /// Counts what is neither a channel nor its window: sealed messages that the peer does not read, those that a key exchange
    /// holds back, and packets that are not whole. To be called now and then while the connection lives.
    ///
    /// - Throws: `limitExceeded` when that is much, and there is no room for it.
    public mutating func countMemory() throws {
        let bytes = self.sealedBytes + self.transport.heldBytes + self.transport.receiver.buffered
        guard bytes > Self.uncounted || self.countedBytes > 0 else { return }
        let counted = bytes > Self.uncounted ? bytes : 0
        if counted < self.countedBytes {
            self.memory.giveBack(self.countedBytes - counted)
        } else if counted > self.countedBytes {
            self.memory.charge(counted - self.countedBytes)
        }
        self.countedBytes = counted
        guard counted <= Self.leastHeld || self.memory.room(for: .opening) >= 0 else {
            throw SSHError(.limitExceeded, "there is no memory left for what the peer makes us hold")
        }
    }
}

/// Why there is no room for a channel.
public enum ChannelShortage: Sendable, Hashable {
    /// The connection has as many channels as it may have.
    case limit(Int)
    /// The account holds all the memory that it may hold for now.
    case memory
}
