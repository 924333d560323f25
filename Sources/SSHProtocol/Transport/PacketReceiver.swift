import NIOCore
import SSHCrypto
import SSHWire

/// Cuts the incoming stream into packets and opens them (RFC 4253 §6).
///
/// Whole packets are opened where they arrived; only one that is cut by the end of a read is put together in a buffer
/// of its own. Between packets nothing is held.
///
/// A buffer of which slices are alive is copied before it is changed. So all packets of a read are opened before the
/// first payload is handed out, up to one that brings new keys.
struct PacketReceiver {
    /// The number of the next packet to open; it wraps (RFC 4253 §6.4).
    private(set) var sequenceNumber: UInt32 = 0
    /// The number of the packet that `next` returned last.
    private(set) var lastSequenceNumber: UInt32 = 0
    /// Handed out since the last NEWKEYS.
    private(set) var packets: UInt64 = 0
    private(set) var bytes: UInt64 = 0
    var maximumLength: UInt32
    /// Not before login: until then what one packet says can change the limits of the next.
    var opensAhead = false
    var spare: SpareBuffers? {
        get { self.opened.spare }
        set { self.opened.spare = newValue }
    }

    private var opener = PacketOpener()
    private var arrived = ByteBuffer()
    private var partial = ByteBuffer()
    /// Of the packet that is not whole yet.
    private var packetLength: UInt32?
    private var opened = OpenedPackets()
    /// What was wrong with the packet after those that are opened.
    private var failure: (any Error)?

    private static let lengthSize = 4

    init(maximumLength: UInt32) {
        self.maximumLength = maximumLength
    }

    /// Bytes that came and were not handed out yet.
    var buffered: Int { self.arrived.readableBytes + self.partial.readableBytes + self.opened.byteCount }

    mutating func append(_ bytes: ByteBuffer) {
        if self.arrived.readableBytes == 0 {
            self.arrived = bytes
        } else {
            self.arrived.writeImmutableBuffer(bytes)
        }
    }

    /// The identification line comes before the first packet.
    mutating func readIdentification(_ reader: inout IdentificationReader) throws -> IdentificationReader.Line? {
        try reader.next(from: &self.arrived)
    }

    /// The payload of the next whole packet, or nil until more bytes have come.
    ///
    /// - Throws: what the length, the padding or the tag has wrong; the connection cannot go on after that.
    mutating func next() throws -> ByteBuffer? {
        if self.opened.isEmpty { try self.openMore() }
        guard let (packet, payload) = self.opened.popFirst() else { return nil }
        self.lastSequenceNumber = packet.sequenceNumber
        self.packets += 1
        self.bytes += UInt64(packet.size)
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

    private mutating func openMore() throws {
        if let failure = self.failure { throw failure }
        var buffer = ByteBuffer()
        if self.partial.readableBytes > 0 {
            let isWhole = try self.completePartial()
            self.releaseArrived()
            guard isWhole else { return }
            swap(&buffer, &self.partial)
        } else {
            swap(&buffer, &self.arrived)
        }
        do {
            try self.open(&buffer)
        } catch {
            guard !self.opened.isEmpty else { throw error }
            self.failure = error
        }
        self.opened.hold(buffer)
    }

    /// Opens the whole packets in `buffer`, and puts a piece of one at its end aside.
    private mutating func open(_ buffer: inout ByteBuffer) throws {
        while let size = try self.packetSize(in: buffer), buffer.readableBytes >= size {
            let packet = try self.openFirst(of: &buffer, size: size)
            self.opened.append(packet)
            guard self.opensAhead, !OpenedPackets.isNewKeys(packet, in: buffer) else {
                if buffer.readableBytes > 0 { self.arrived = buffer }
                return
            }
        }
        guard let rest = buffer.readSlice(length: buffer.readableBytes), rest.readableBytes > 0 else { return }
        self.partial.reserveCapacity(try self.packetSize(in: rest) ?? rest.readableBytes)
        self.partial.writeImmutableBuffer(rest)
    }

    private mutating func openFirst(of buffer: inout ByteBuffer, size: Int) throws -> OpenedPackets.Packet {
        let (number, length) = (self.sequenceNumber, self.packetLength ?? 0)
        self.packetLength = nil
        let payload = try self.opener.openInPlace(&buffer, packetLength: length, sequenceNumber: number)
        self.sequenceNumber = number == .max ? 0 : number + 1
        return OpenedPackets.Packet(payload: payload, size: size, sequenceNumber: number)
    }

    /// - Returns: whether the packet is whole now.
    private mutating func completePartial() throws -> Bool {
        self.movePartial(Self.lengthSize - self.partial.readableBytes)
        guard let size = try self.packetSize(in: self.partial) else { return false }
        self.partial.reserveCapacity(size)
        self.movePartial(size - self.partial.readableBytes)
        return self.partial.readableBytes == size
    }

    /// Length field, body and tag together; nil until the length field is there.
    private mutating func packetSize(in buffer: ByteBuffer) throws -> Int? {
        guard buffer.readableBytes >= Self.lengthSize else { return nil }
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
        if self.arrived.readableBytes == 0 { self.arrived = ByteBuffer() }
    }
}
