import DequeModule
import NIOCore
import SSHWire

/// What waits to be sent on a channel, and how much of it the peer's window allows (RFC 4254 §5.2).
struct SendQueue {
    /// The peer's window.
    private(set) var window: UInt32
    /// What that was when it was largest.
    private var largestWindow: UInt32
    /// The largest piece of data the peer takes in one message.
    private var maximumPacket: UInt32
    private var pieces = Deque<ByteBuffer>()
    private(set) var bytes = 0

    init(window: UInt32, maximumPacket: UInt32) {
        self.window = window
        self.largestWindow = window
        self.maximumPacket = maximumPacket
    }

    var isEmpty: Bool { self.bytes == 0 }
    var maySend: Bool { self.bytes > 0 && self.window > 0 }

    /// What was sent and the peer has not given credit for: it is under way, or waits for its sink.
    var outstanding: UInt32 { self.largestWindow - self.window }

    /// What may be sent now: bytes, and the least number of packets that they make.
    ///
    /// - Parameter limit: as for `next`.
    func sendable(limit: Int) -> (bytes: Int, packets: Int) {
        let (bytes, packet) = (min(self.bytes, Int(self.window)), min(Int(self.maximumPacket), limit))
        return (bytes, packet > 0 ? bytes / packet + 1 : 0)
    }

    mutating func append(_ data: ByteBuffer) {
        guard data.readableBytes > 0 else { return }
        self.bytes += data.readableBytes
        self.pieces.append(data)
    }

    mutating func adjust(_ count: UInt32) throws {
        let (sum, overflow) = self.window.addingReportingOverflow(count)
        guard !overflow else { throw SSHError.protocolViolation("a window adjustment goes beyond 2^32 - 1") }
        self.window = sum
        self.largestWindow = max(self.largestWindow, sum)
    }

    /// The next piece that fits the window and the packet size; never spans two reads, so nothing is copied.
    ///
    /// - Parameter limit: what a piece may be at most, whatever the peer takes.
    mutating func next(limit: Int) -> ByteBuffer? {
        guard self.window > 0, !self.pieces.isEmpty else { return nil }
        let count = min(self.pieces[0].readableBytes, Int(min(self.window, self.maximumPacket)), limit)
        guard let piece = self.pieces[0].readSlice(length: count) else { return nil }
        if self.pieces[0].readableBytes == 0 { self.pieces.removeFirst() }
        if self.pieces.isEmpty { self.pieces = Deque() }
        self.bytes -= count
        self.window -= UInt32(clamping: count)
        return piece
    }

    /// The peer has confirmed the channel: its window and packet size count from now on; what waits stays.
    mutating func confirm(with other: SendQueue) {
        self.window = other.window
        self.largestWindow = other.window
        self.maximumPacket = other.maximumPacket
    }

    mutating func removeAll() {
        self.pieces = Deque()
        self.bytes = 0
    }
}
