import NIOCore
import SSHCrypto
import SSHWire

/// Cuts the incoming stream into packets and opens them (RFC 4253 §6).
///
/// Whole packets are opened where they arrived; only one that is cut by the end of a read is put together in a buffer
/// of its own. Between packets nothing is held.
struct PacketReceiver {
    /// The number of the next packet; it wraps (RFC 4253 §6.4).
    private(set) var sequenceNumber: UInt32 = 0
    /// The number of the packet that `next` returned last.
    private(set) var lastSequenceNumber: UInt32 = 0
    /// Since the last NEWKEYS.
    private(set) var packets: UInt64 = 0
    private(set) var bytes: UInt64 = 0
    var maximumLength: UInt32
    var spare: SpareBuffers?

    private var opener = PacketOpener()
    private var arrived = ByteBuffer()
    private var partial = ByteBuffer()
    private var packetLength: UInt32?

    private static let lengthSize = 4

    init(maximumLength: UInt32) {
        self.maximumLength = maximumLength
    }

    /// Bytes that came and were not looked at yet.
    var buffered: Int { self.arrived.readableBytes + self.partial.readableBytes }

    mutating func append(_ bytes: ByteBuffer) {
        if self.arrived.readableBytes == 0 {
            self.arrived = bytes
        } else {
            self.arrived.writeImmutableBuffer(bytes)
        }
    }

    /// The identification line comes before the first packet.
    mutating func readIdentification(_ reader: inout IdentificationReader) throws -> [UInt8]? {
        try reader.next(from: &self.arrived)
    }

    /// The payload of the next whole packet, or nil until more bytes have come.
    ///
    /// - Throws: what the length, the padding or the tag has wrong; the connection cannot go on after that.
    mutating func next() throws -> ByteBuffer? {
        guard let packet = try self.nextPacket(), let length = self.packetLength else {
            self.releaseArrived()
            return nil
        }
        self.packetLength = nil
        let payload = try self.opener.open(
            packet,
            packetLength: length,
            sequenceNumber: self.sequenceNumber,
            storage: self.spare?.payload.take(capacity: Int(length)) ?? ByteBuffer()
        )
        self.spare?.payload.keep(payload)
        self.lastSequenceNumber = self.sequenceNumber
        self.sequenceNumber = self.sequenceNumber == .max ? 0 : self.sequenceNumber + 1
        self.packets += 1
        self.bytes += UInt64(packet.readableBytes)
        guard payload.readableBytes > 0 else { throw SSHError.protocolViolation("a packet has no payload") }
        return payload
    }

    /// From the next packet on, the new keys protect what comes.
    mutating func use(_ opener: PacketOpener, resetSequenceNumber: Bool) {
        self.opener = opener
        self.packets = 0
        self.bytes = 0
        if resetSequenceNumber { self.sequenceNumber = 0 }
    }

    private mutating func nextPacket() throws -> ByteBuffer? {
        if self.partial.readableBytes > 0 { return try self.completePartial() }
        guard self.arrived.readableBytes >= Self.lengthSize else {
            self.movePartial(self.arrived.readableBytes)
            return nil
        }
        let size = try self.packetSize(in: self.arrived)
        if let packet = self.arrived.readSlice(length: size) { return packet }
        self.partial.reserveCapacity(size)
        self.movePartial(self.arrived.readableBytes)
        return nil
    }

    private mutating func completePartial() throws -> ByteBuffer? {
        self.movePartial(Self.lengthSize - self.partial.readableBytes)
        guard self.partial.readableBytes >= Self.lengthSize else { return nil }
        let size = try self.packetSize(in: self.partial)
        self.partial.reserveCapacity(size)
        self.movePartial(size - self.partial.readableBytes)
        guard self.partial.readableBytes == size else { return nil }
        let packet = self.partial
        self.partial = ByteBuffer()
        return packet
    }

    /// Length field, body and tag together.
    private mutating func packetSize(in buffer: ByteBuffer) throws -> Int {
        let length: UInt32
        if let known = self.packetLength {
            length = known
        } else {
            length = try self.opener.packetLength(in: buffer, sequenceNumber: self.sequenceNumber)
            guard length <= self.maximumLength else {
                throw SSHError(.limitExceeded, "a packet of \(length) bytes is longer than \(self.maximumLength)")
            }
            self.packetLength = length
        }
        return Self.lengthSize + Int(length) + self.opener.tagLength
    }

    private mutating func movePartial(_ count: Int) {
        guard count > 0, let slice = self.arrived.readSlice(length: min(count, self.arrived.readableBytes)) else {
            return
        }
        self.partial.writeImmutableBuffer(slice)
    }

    private mutating func releaseArrived() {
        guard self.arrived.readableBytes == 0 else { return }
        self.spare?.read.keep(self.arrived)
        self.arrived = ByteBuffer()
    }
}
