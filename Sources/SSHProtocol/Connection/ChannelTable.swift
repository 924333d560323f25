import SSHWire

/// The channels of one connection, by our number. Freed numbers are used again, the lowest first come.
struct ChannelTable {
    private var slots: [Channel?] = []
    private var free: [UInt32] = []
    private var nextSerial: UInt64 = 0
    private(set) var count = 0
    private let limit: Int

    init(limit: Int) {
        self.limit = limit
    }

    /// Nil when there are as many as there may be.
    mutating func insert(phase: Channel.Phase, window: ReceiveWindow) -> ChannelID? {
        guard self.count < self.limit, let end = UInt32(exactly: self.slots.count) else { return nil }
        let number = self.free.popLast() ?? end
        let id = ChannelID(number: number, serial: self.nextSerial)
        self.nextSerial += 1
        let channel = Channel(id: id, phase: phase, window: window)
        if number == end { self.slots.append(channel) } else { self.slots[Int(number)] = channel }
        self.count += 1
        return id
    }

    /// Whether the layer above's name still stands for a channel.
    func contains(_ id: ChannelID) -> Bool {
        self.index(of: id.number).map { self.slots[$0]?.id == id } ?? false
    }

    /// Changes the channel that the layer above names; nil when it is gone.
    mutating func update<Result>(_ id: ChannelID, _ body: (inout Channel) throws -> Result) rethrows -> Result? {
        guard let index = self.index(of: id.number), self.slots[index]?.id == id else { return nil }
        return try self.update(at: index, body)
    }

    /// Changes the channel that the peer names.
    ///
    /// - Throws: `protocolViolation` for a number that is not in use (RFC 4254 §5).
    mutating func update<Result>(peerNamed number: UInt32, _ body: (inout Channel) throws -> Result) throws -> Result {
        guard let index = self.index(of: number), let result = try self.update(at: index, body) else {
            throw SSHError.protocolViolation("a message for channel \(number), which is not open")
        }
        return result
    }

    mutating func remove(_ id: ChannelID) {
        guard let index = self.index(of: id.number), self.slots[index]?.id == id else { return }
        self.slots[index] = nil
        self.count -= 1
        if self.count == 0 {
            self.slots = []
            self.free = []
        } else {
            self.free.append(id.number)
        }
    }

    var identifiers: [ChannelID] { self.slots.compactMap { $0?.id } }

    private func index(of number: UInt32) -> Int? {
        guard let index = Int(exactly: number), self.slots.indices.contains(index) else { return nil }
        return index
    }

    /// In place: taken out and put back, so that its queue has one owner while it changes.
    private mutating func update<Result>(at index: Int, _ body: (inout Channel) throws -> Result) rethrows -> Result? {
        guard var channel = self.slots[index].take() else { return nil }
        defer { self.slots[index] = channel }
        return try body(&channel)
    }
}
