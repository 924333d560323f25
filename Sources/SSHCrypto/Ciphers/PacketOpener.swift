public import NIOCore
import SSHWire

/// Takes binary packets (RFC 4253 §6) apart, for one direction of a connection and one set of keys.
public struct PacketOpener {
    private let protection: PacketProtection
    /// Bytes that follow the `packet_length` bytes of a packet.
    public let tagLength: Int
    private let blockLength: Int
    private let alignedLengthFieldBytes: Int

    /// Plain packets without a tag, as before the first SSH_MSG_NEWKEYS.
    public init() {
        self.init(protection: .none)
    }

    /// - Throws: `misuse` if a key has the wrong length.
    public init(_ keys: PacketKeys) throws {
        try self.init(keys, gcm: .fastest)
    }

    init(_ keys: PacketKeys, gcm: GCMLibrary) throws {
        self.init(protection: try PacketProtection(keys, direction: .decrypt, gcm: gcm))
    }

    private init(protection: PacketProtection) {
        self.protection = protection
        self.tagLength = protection.tagLength
        self.blockLength = protection.blockLength
        self.alignedLengthFieldBytes = protection.alignedLengthFieldBytes
    }

    /// The `packet_length` field in the first four readable bytes of `buffer`, which stay there. It is whatever the
    /// peer sent: the caller compares it with its limits before it waits or allocates for the packet.
    ///
    /// - Throws: `misuse` if there are fewer than four bytes.
    public mutating func packetLength(in buffer: ByteBuffer, sequenceNumber: UInt32) throws -> UInt32 {
        guard let field = buffer.getInteger(at: buffer.readerIndex, as: UInt32.self) else {
            throw SSHError(.misuse, "a packet's length was asked for before its four bytes were there")
        }
        switch self.protection {
        case .chaCha20Poly1305(let context): return context.decryptLength(field, sequenceNumber: sequenceNumber)
        case .encryptAndMAC(let context): return try context.decryptLength(field)
        case .none, .aesGCM, .aesGCMByBoringSSL, .encryptThenMAC: return field
        }
    }

    /// Verifies and decrypts the packet at the front of `buffer` where it lies, and moves on to what follows it. On an error
    /// what lies there is of no use any more.
    ///
    /// Nothing is copied as long as no slice of the buffer is alive.
    ///
    /// - Parameter buffer: at least 4 + `packetLength` + `tagLength` readable bytes.
    /// - Returns: where the payload is, as indices of `buffer`.
    /// - Throws: `integrityCheckFailed` if the tag is wrong, `protocolViolation` if the length or the padding is.
    public mutating func openInPlace(
        _ buffer: inout ByteBuffer,
        packetLength: UInt32,
        sequenceNumber: UInt32
    ) throws -> Range<Int> {
        let length = Int(packetLength)
        guard length > PacketSealer.minimumPadding, length <= Int32.max,
            (self.alignedLengthFieldBytes + length) % self.blockLength == 0
        else {
            throw self.illegalLength(length)
        }
        let size = 4 + length + self.tagLength
        guard buffer.readableBytes >= size else {
            throw SSHError(.misuse, "a packet was opened before all of it was there")
        }
        let paddingLength = try buffer.withUnsafeMutableReadableBytes { bytes in
            let packet = IncomingPacket(bytes: .init(rebasing: bytes[..<size]), tagLength: self.tagLength)
            try self.unprotect(packet, sequenceNumber: sequenceNumber)
            return Int(packet.encrypted[0])
        }
        guard paddingLength >= PacketSealer.minimumPadding, paddingLength < length else {
            throw SSHError.protocolViolation("a packet's padding length is not a legal one")
        }
        let start = buffer.readerIndex + 4 + 1
        buffer.moveReaderIndex(forwardBy: size)
        return start..<(start + length - 1 - paddingLength)
    }

    private func unprotect(_ packet: IncomingPacket, sequenceNumber: UInt32) throws {
        switch self.protection {
        case .none:
            break
        case .chaCha20Poly1305(let context):
            try context.open(packet, sequenceNumber: sequenceNumber)
        case .aesGCM(let context):
            try context.open(packet)
        case .aesGCMByBoringSSL(let context):
            try context.open(packet)
        case .encryptThenMAC(let context):
            try context.open(packet, sequenceNumber: sequenceNumber)
        case .encryptAndMAC(let context):
            try context.open(packet, sequenceNumber: sequenceNumber)
        }
    }

    private func illegalLength(_ length: Int) -> SSHError {
        // An encrypted length that was changed on its way must not be told from a changed payload.
        if case .encryptAndMAC = self.protection { return SSHError.wrongTag() }
        return SSHError.protocolViolation("a packet's length of \(length) bytes is not a legal one")
    }
}

/// A whole packet as it came from the peer, to be decrypted where it lies.
struct IncomingPacket {
    let bytes: UnsafeMutableRawBufferPointer
    let tagLength: Int

    var lengthField: UnsafeRawBufferPointer { self.part(0..<4) }
    /// Padding length, payload and padding.
    var encrypted: UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(rebasing: self.bytes[4..<(self.bytes.count - self.tagLength)])
    }
    /// What a MAC covers: length field and encrypted part.
    var authenticated: UnsafeRawBufferPointer { self.part(0..<(self.bytes.count - self.tagLength)) }
    var tag: UnsafeRawBufferPointer { self.part((self.bytes.count - self.tagLength)..<self.bytes.count) }

    private func part(_ range: Range<Int>) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: self.bytes[range])
    }
}

extension SSHError {
    static func wrongTag(file: String = #fileID, line: Int = #line) -> SSHError {
        SSHError(.integrityCheckFailed, "a packet was changed on its way: its tag is wrong", file: file, line: line)
    }
}
