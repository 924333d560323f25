import NIOCore
import SSHWire

/// Packets that were opened where they lie, in the order in which they came, with the buffer that they lie in.
struct OpenedPackets {
    struct Packet {
        /// Where the payload is, as indices of the buffer.
        let payload: Range<Int>
        /// Length field, body and tag together.
        let size: Int
        let sequenceNumber: UInt32
    }

    /// A payload below this is copied: a slice would keep a whole read in memory for it.
    private static let smallestSlice = 16 * 1024
    /// More than this is room that an idle connection has no use for.
    private static let keptCapacity = 16

    var spare: SpareBuffers?
    private var buffer = ByteBuffer()
    private var packets: [Packet] = []
    private var next = 0

    var isEmpty: Bool { self.next == self.packets.count }
    /// Of the packets that were not taken.
    var byteCount: Int { self.packets[self.next...].reduce(0) { $0 + $1.size } }

    /// `hold` follows when all packets of a buffer are appended.
    mutating func append(_ packet: Packet) {
        self.packets.append(packet)
    }

    mutating func hold(_ buffer: ByteBuffer) {
        if !self.isEmpty { self.buffer = buffer }
    }

    static func isNewKeys(_ packet: Packet, in buffer: ByteBuffer) -> Bool {
        // Nothing but its number is in that message.
        packet.payload.count == 1
            && self.slice(packet.payload, of: buffer).readableBytesView.first == MessageNumber.newKeys.rawValue
    }

    mutating func popFirst() -> (packet: Packet, payload: ByteBuffer)? {
        guard !self.isEmpty else { return nil }
        let packet = self.packets[self.next]
        self.next += 1
        let payload = self.payload(packet.payload)
        if self.isEmpty {
            self.packets.removeAll(keepingCapacity: self.packets.count <= Self.keptCapacity)
            self.next = 0
            self.spare?.read.keep(self.buffer)
            self.buffer = ByteBuffer()
        }
        return (packet, payload)
    }

    private func payload(_ range: Range<Int>) -> ByteBuffer {
        let slice = Self.slice(range, of: self.buffer)
        guard range.count < Self.smallestSlice else { return slice }
        guard let spare = self.spare else { return ByteBuffer(bytes: slice.readableBytesView) }
        var copy = spare.payload.take(capacity: range.count)
        copy.writeImmutableBuffer(slice)
        spare.payload.keep(copy)
        return copy
    }

    private static func slice(_ range: Range<Int>, of buffer: ByteBuffer) -> ByteBuffer {
        var slice = buffer
        slice.moveReaderIndex(to: range.lowerBound)
        slice.moveWriterIndex(to: range.upperBound)
        return slice
    }
}
