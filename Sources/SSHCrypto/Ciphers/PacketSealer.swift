public import NIOCore
import SSHWire

/// Makes binary packets (RFC 4253 §6) of payloads, for one direction of a connection and one set of keys.
public struct PacketSealer {
    /// RFC 4253 §6: at least four bytes of padding.
    static let minimumPadding = 4

    private let protection: PacketProtection
    private let tagLength: Int
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
        self.init(protection: try PacketProtection(keys, direction: .encrypt, gcm: gcm))
    }

    private init(protection: PacketProtection) {
        self.protection = protection
        self.tagLength = protection.tagLength
        self.blockLength = protection.blockLength
        self.alignedLengthFieldBytes = protection.alignedLengthFieldBytes
    }

    /// An upper bound of the bytes that a packet has more than its payload.
    public var overhead: Int {
        4 + 1 + Self.minimumPadding + self.blockLength - 1 + self.tagLength
    }

    /// Appends one whole packet to `output`. Its payload is `header` followed by `body`; the body goes from its own
    /// storage through the cipher into the output. On an error `output` is as it was.
    ///
    /// - Throws: `misuse` if the payload is too long for a packet, `limitExceeded` if the keys may seal no more.
    public mutating func seal(
        header: ByteBuffer,
        body: ByteBuffer,
        sequenceNumber: UInt32,
        random: any RandomSource,
        into output: inout ByteBuffer
    ) throws {
        let payloadLength = header.readableBytes + body.readableBytes
        let paddingLength = self.paddingLength(payloadLength: payloadLength)
        // libcrypto counts in Int32.
        guard let packetLength = Int32(exactly: 1 + payloadLength + paddingLength) else {
            throw SSHError(.misuse, "a payload of \(payloadLength) bytes is too long for a packet")
        }
        let start = output.writerIndex
        let total = 4 + Int(packetLength) + self.tagLength
        output.reserveCapacity(minimumWritableBytes: total)
        output.writeInteger(UInt32(bitPattern: packetLength))
        output.writeInteger(UInt8(truncatingIfNeeded: paddingLength))
        output.writeImmutableBuffer(header)
        let bodyOffset = output.writerIndex - start
        output.moveWriterIndex(forwardBy: body.readableBytes)
        random.appendRandomBytes(paddingLength, to: &output)
        output.moveWriterIndex(forwardBy: self.tagLength)

        let offset = start - output.readerIndex
        do {
            try output.withUnsafeMutableReadableBytes { readable in
                try body.withUnsafeReadableBytes { body in
                    let packet = OutgoingPacket(
                        bytes: UnsafeMutableRawBufferPointer(rebasing: readable[offset..<(offset + total)]),
                        body: body,
                        bodyOffset: bodyOffset,
                        tagLength: self.tagLength
                    )
                    try self.protect(packet, sequenceNumber: sequenceNumber)
                }
            }
        } catch {
            output.moveWriterIndex(to: start)
            throw error
        }
    }

    private func paddingLength(payloadLength: Int) -> Int {
        let unpadded = self.alignedLengthFieldBytes + 1 + payloadLength + Self.minimumPadding
        let excess = unpadded % self.blockLength
        return Self.minimumPadding + (excess == 0 ? 0 : self.blockLength - excess)
    }

    private func protect(_ packet: OutgoingPacket, sequenceNumber: UInt32) throws {
        switch self.protection {
        case .none: packet.copyBody()
        case .chaCha20Poly1305(let context): try context.seal(packet, sequenceNumber: sequenceNumber)
        case .aesGCM(let context): try context.seal(packet)
        case .aesGCMByBoringSSL(let context): try context.seal(packet)
        case .encryptThenMAC(let context): try context.seal(packet, sequenceNumber: sequenceNumber)
        case .encryptAndMAC(let context): try context.seal(packet, sequenceNumber: sequenceNumber)
        }
    }
}

/// A packet under construction: all in its place, save the body, which is still in the storage that it came in.
struct OutgoingPacket {
    let bytes: UnsafeMutableRawBufferPointer
    let body: UnsafeRawBufferPointer
    let bodyOffset: Int
    let tagLength: Int

    var lengthField: UnsafeMutableRawBufferPointer { self.part(0..<4) }
    /// Padding length, payload and padding.
    var encrypted: UnsafeMutableRawBufferPointer { self.part(4..<(self.bytes.count - self.tagLength)) }
    /// What a MAC covers: length field and encrypted part.
    var authenticated: UnsafeMutableRawBufferPointer { self.part(0..<(self.bytes.count - self.tagLength)) }
    var tag: UnsafeMutableRawBufferPointer { self.part((self.bytes.count - self.tagLength)..<self.bytes.count) }

    func copyBody() {
        self.part(self.bodyOffset..<(self.bodyOffset + self.body.count)).copyMemory(from: self.body)
    }

    /// Feeds the pieces to the cipher in turn: what stands before the body, the body, the padding.
    func encrypt(with cipher: some StreamCipher) throws {
        let bodyEnd = self.bodyOffset + self.body.count
        try cipher.updateInPlace(self.part(4..<self.bodyOffset))
        try cipher.update(self.body, into: self.part(self.bodyOffset..<bodyEnd))
        try cipher.updateInPlace(self.part(bodyEnd..<(self.bytes.count - self.tagLength)))
    }

    /// The packet without its tag, before it is encrypted: what stands before the body, the body, the padding.
    func forEachPlainPiece(_ use: (UnsafeRawBufferPointer) throws -> Void) rethrows {
        let bodyEnd = self.bodyOffset + self.body.count
        try use(UnsafeRawBufferPointer(self.part(0..<self.bodyOffset)))
        try use(self.body)
        try use(UnsafeRawBufferPointer(self.part(bodyEnd..<(self.bytes.count - self.tagLength))))
    }

    private func part(_ range: Range<Int>) -> UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(rebasing: self.bytes[range])
    }
}
