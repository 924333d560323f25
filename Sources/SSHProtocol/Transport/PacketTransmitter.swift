import NIOCore
import SSHCrypto

/// Seals payloads into packets (RFC 4253 §6) and collects them for the socket.
struct PacketTransmitter {
    /// The number of the next packet; it wraps (RFC 4253 §6.4).
    private(set) var sequenceNumber: UInt32 = 0
    /// Since the last NEWKEYS.
    private(set) var packets: UInt64 = 0
    private(set) var bytes: UInt64 = 0
    /// Sealed and not yet taken.
    private(set) var output = ByteBuffer()

    var spare: SpareBuffers?
    private var sealer = PacketSealer()

    /// Upper bound of what sealing adds to a payload.
    var overhead: Int { self.sealer.overhead }

    mutating func appendIdentification(_ line: [UInt8]) {
        self.output.writeBytes(line)
        self.output.writeBytes([0x0d, 0x0a])
    }

    /// Header and body make up the payload; the body is fed to the cipher from where it lies.
    mutating func send(header: ByteBuffer, body: ByteBuffer, random: any RandomSource) throws {
        if let spare = self.spare, self.output.capacity == 0 {
            self.output = spare.output.take(capacity: header.readableBytes + body.readableBytes + self.sealer.overhead)
        }
        let before = self.output.writerIndex
        try self.sealer.seal(
            header: header,
            body: body,
            sequenceNumber: self.sequenceNumber,
            random: random,
            into: &self.output
        )
        self.sequenceNumber = self.sequenceNumber == .max ? 0 : self.sequenceNumber + 1
        self.packets += 1
        self.bytes += UInt64(clamping: self.output.writerIndex - before)
    }

    /// From the next packet on, the new keys protect what we send.
    mutating func use(_ sealer: PacketSealer, resetSequenceNumber: Bool) {
        self.sealer = sealer
        self.packets = 0
        self.bytes = 0
        if resetSequenceNumber { self.sequenceNumber = 0 }
    }

    mutating func reserve(_ count: Int) {
        self.output.reserveCapacity(minimumWritableBytes: count)
    }

    mutating func takeOutput() -> ByteBuffer {
        let taken = self.output
        self.output = ByteBuffer()
        return taken
    }
}
