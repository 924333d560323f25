/// chacha20-poly1305@openssh.com, as OpenSSH's PROTOCOL.chacha20poly1305 defines it.
final class ChaCha20Poly1305 {
    static let tagLength = 16

    /// K_2 of the definition: the payload and, in block 0, the key of Poly1305.
    private let payloadCipher: CipherContext
    /// K_1 of the definition: the length field alone.
    private let lengthCipher: CipherContext
    private let poly1305: MACContext

    init(key: SecretBytes) throws {
        (self.payloadCipher, self.lengthCipher) = try key.withBytes { key in
            let halves = (UnsafeRawBufferPointer(rebasing: key[..<32]), UnsafeRawBufferPointer(rebasing: key[32...]))
            // ChaCha20 is its own inverse.
            return (
                try CipherContext(FetchedCipher.chaCha20, key: halves.0, direction: .encrypt),
                try CipherContext(FetchedCipher.chaCha20, key: halves.1, direction: .encrypt)
            )
        }
        self.poly1305 = try MACContext()
    }

    func seal(_ packet: OutgoingPacket, sequenceNumber: UInt32) throws {
        try Self.start(self.lengthCipher, sequenceNumber: sequenceNumber)
        try self.lengthCipher.updateInPlace(packet.lengthField)
        try self.startPayload(sequenceNumber: sequenceNumber)
        try packet.encrypt(with: self.payloadCipher)
        try self.poly1305.update(UnsafeRawBufferPointer(packet.authenticated))
        try self.poly1305.finish(tag: packet.tag)
    }

    func decryptLength(_ field: UInt32, sequenceNumber: UInt32) throws -> UInt32 {
        try Self.start(self.lengthCipher, sequenceNumber: sequenceNumber)
        var field = field.bigEndian
        try withUnsafeMutableBytes(of: &field) { try self.lengthCipher.updateInPlace($0) }
        return UInt32(bigEndian: field)
    }

    func open(
        _ packet: IncomingPacket,
        into plaintext: UnsafeMutableRawBufferPointer,
        sequenceNumber: UInt32
    ) throws {
        try self.startPayload(sequenceNumber: sequenceNumber)
        try self.poly1305.update(packet.authenticated)
        try self.poly1305.finish(verifying: packet.tag)
        try self.payloadCipher.update(packet.encrypted, into: plaintext)
    }

    /// Takes the key of Poly1305 from block 0 of the payload's key stream; the payload itself starts with block 1.
    private func startPayload(sequenceNumber: UInt32) throws {
        try Self.start(self.payloadCipher, sequenceNumber: sequenceNumber)
        try withUnsafeTemporaryAllocation(byteCount: 64, alignment: 16) { block in
            block.initializeMemory(as: UInt8.self, repeating: 0)
            defer { Sodium.zero(block) }
            try self.payloadCipher.updateInPlace(block)
            try self.poly1305.start(key: UnsafeRawBufferPointer(rebasing: block[..<32]))
        }
    }

    /// libcrypto's initialization vector is the block counter, little-endian, and the 64-bit nonce, here the packet's
    /// sequence number, big-endian.
    private static func start(_ cipher: CipherContext, sequenceNumber: UInt32) throws {
        let counterAndNonce = (UInt64(0), UInt64(sequenceNumber).bigEndian)
        try withUnsafeBytes(of: counterAndNonce) { try cipher.start(initialVector: $0) }
    }
}
