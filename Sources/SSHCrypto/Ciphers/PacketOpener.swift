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
        guard case .chaCha20Poly1305(let context) = self.protection else { return field }
        return try context.decryptLength(field, sequenceNumber: sequenceNumber)
    }

    /// Verifies and decrypts one packet into a buffer of its own, and returns its payload.
    ///
    /// - Parameters:
    ///   - packet: exactly 4 + `packetLength` + `tagLength` readable bytes.
    ///   - storage: is used for it if it is large enough and nobody else holds it.
    /// - Throws: `integrityCheckFailed` if the tag is wrong, `protocolViolation` if the length or the padding is.
    public mutating func open(
        _ packet: ByteBuffer,
        packetLength: UInt32,
        sequenceNumber: UInt32,
        storage: consuming ByteBuffer = ByteBuffer()
    ) throws -> ByteBuffer {
        let length = Int(packetLength)
        guard length > PacketSealer.minimumPadding, length <= Int32.max,
            (self.alignedLengthFieldBytes + length) % self.blockLength == 0
        else {
            throw SSHError.protocolViolation("a packet's length of \(length) bytes is not a legal one")
        }
        guard packet.readableBytes == 4 + length + self.tagLength else {
            throw SSHError(.misuse, "a packet was opened before all of it was there")
        }
        var plaintext = storage
        plaintext.clear(minimumCapacity: length)
        try packet.withUnsafeReadableBytes { bytes in
            let packet = IncomingPacket(bytes: bytes, tagLength: self.tagLength)
            _ = try plaintext.writeWithUnsafeMutableBytes(minimumWritableBytes: length) { writable in
                let target = UnsafeMutableRawBufferPointer(rebasing: writable[..<length])
                try self.unprotect(packet, into: target, sequenceNumber: sequenceNumber)
                return length
            }
        }
        return try Self.payload(of: plaintext)
    }

    private func unprotect(
        _ packet: IncomingPacket,
        into plaintext: UnsafeMutableRawBufferPointer,
        sequenceNumber: UInt32
    ) throws {
        switch self.protection {
        case .none:
            plaintext.copyMemory(from: packet.encrypted)
        case .chaCha20Poly1305(let context):
            try context.open(packet, into: plaintext, sequenceNumber: sequenceNumber)
        case .aesGCM(let context):
            try context.open(packet, into: plaintext)
        case .aesGCMByBoringSSL(let context):
            try context.open(packet, into: plaintext)
        case .encryptThenMAC(let context):
            try context.open(packet, into: plaintext, sequenceNumber: sequenceNumber)
        }
    }

    /// Strips padding length and padding.
    private static func payload(of plaintext: ByteBuffer) throws -> ByteBuffer {
        var payload = plaintext
        let length = payload.readableBytes
        guard let paddingLength = payload.readInteger(as: UInt8.self).map(Int.init),
            paddingLength >= PacketSealer.minimumPadding, paddingLength < length
        else {
            throw SSHError.protocolViolation("a packet's padding length is not a legal one")
        }
        payload.moveWriterIndex(to: payload.writerIndex - paddingLength)
        return payload
    }
}

/// A whole packet as it came from the peer.
struct IncomingPacket {
    let bytes: UnsafeRawBufferPointer
    let tagLength: Int

    var lengthField: UnsafeRawBufferPointer { self.part(0..<4) }
    /// Padding length, payload and padding.
    var encrypted: UnsafeRawBufferPointer { self.part(4..<(self.bytes.count - self.tagLength)) }
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
