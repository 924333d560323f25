import SSHWire

/// The channels of one connection, by our number. Freed numbers are used again, the lowest first come.
struct ChannelTable {
    /// A channel is changed where it stands: taken out and put back, it would be copied with all that it refers to.
    private struct Slot {
        var channel: Channel
        var isUsed = true
    }

    private var slots: [Slot] = []
    private var free: [UInt32] = []
    private var nextSerial: UInt64 = 0
    private(set) var count = 0

    /// Nil when there are more than the numbers reach for.
    mutating func insert(phase: Channel.Phase, window: ReceiveWindow) -> ChannelID? {
        guard let end = UInt32(exactly: self.slots.count) else { return nil }
        let number = self.free.popLast() ?? end
        let id = ChannelID(number: number, serial: self.nextSerial)
        self.nextSerial += 1
        let channel = Channel(id: id, phase: phase, window: window)
        if number == end {
            self.slots.append(Slot(channel: channel))
        } else {
            self.slots[Int(number)] = Slot(channel: channel)
        }
        self.count += 1
        return id
    }

    /// Whether the layer above's name still stands for a channel.
    func contains(_ id: ChannelID) -> Bool {
        self.index(of: id) != nil
    }

    /// Whether the peer's number still stands for a channel.
    func isUsed(_ number: UInt32) -> Bool {
        self.index(of: number) != nil
    }

    /// Changes the channel that the layer above names; nil when it is gone.
    mutating func update<Result>(_ id: ChannelID, _ body: (inout Channel) throws -> Result) rethrows -> Result? {
        guard let index = self.index(of: id) else { return nil }
        return try body(&self.slots[index].channel)
    }

    /// Changes the channel that the peer names.
    ///
    /// - Throws: `protocolViolation` for a number that is not in use (RFC 4254 §5).
    mutating func update<Result>(peerNamed number: UInt32, _ body: (inout Channel) throws -> Result) throws -> Result {
        guard let index = self.index(of: number) else {
            throw SSHError.protocolViolation("a message for channel \(number), which is not open")
        }
        return try body(&self.slots[index].channel)
    }

    mutating func remove(_ id: ChannelID) {
        guard let index = self.index(of: id) else { return }
        self.count -= 1
        if self.count == 0 {
            self.slots = []
            self.free = []
        } else {
            // What the channel held goes now.
            self.slots[index] = Slot(
                channel: Channel(id: id, phase: .open, window: ReceiveWindow(size: 0)),
                isUsed: false
            )
            self.free.append(id.number)
        }
    }

    var identifiers: [ChannelID] { self.slots.compactMap { $0.isUsed ? $0.channel.id : nil } }

    private func index(of number: UInt32) -> Int? {
        guard let index = Int(exactly: number), self.slots.indices.contains(index), self.slots[index].isUsed else {
            return nil
        }
        return index
    }

    private func index(of id: ChannelID) -> Int? {
        guard let index = self.index(of: id.number), self.slots[index].channel.id == id else { return nil }
        return index
    }
}
