import SSHWire

/// How much the peer may still send on a channel (RFC 4254 §5.2).
///
/// Credit goes back when the bytes have reached their sink, so the window bounds what one channel can make us hold.
struct ReceiveWindow {
    private let size: UInt32
    /// What the peer may send before the next WINDOW_ADJUST.
    private(set) var available: UInt32
    /// Received and not delivered yet.
    private(set) var undelivered: UInt32 = 0
    /// Delivered and not given back yet.
    private var delivered: UInt32 = 0

    init(size: UInt32) {
        self.size = size
        self.available = size
    }

    mutating func receive(_ count: Int) throws {
        guard let count = UInt32(exactly: count), count <= self.available else {
            throw SSHError.protocolViolation("the peer sent more data than the window allows")
        }
        self.available -= count
        self.undelivered += count  // At most `size`: available, undelivered and delivered add up to it.
    }

    /// - Returns: the credit to give back now, if it is worth a message.
    mutating func deliver(_ count: Int) -> UInt32? {
        let count = min(UInt32(clamping: count), self.undelivered)
        self.undelivered -= count
        self.delivered += count
        // Half a window: seldom enough to cost nothing, early enough that the peer does not run dry.
        guard self.delivered >= self.size / 2, self.delivered > 0 else { return nil }
        let credit = self.delivered
        self.delivered = 0
        self.available += credit
        return credit
    }
}
