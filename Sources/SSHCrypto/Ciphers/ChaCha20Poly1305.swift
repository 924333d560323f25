import SSHWire

/// chacha20-poly1305@openssh.com, as OpenSSH's PROTOCOL.chacha20poly1305 defines it.
///
/// A connection keeps its keys alone: setting them costs nothing, and a context of libcrypto is larger than all of them.
struct ChaCha20Poly1305 {
    static let tagLength = 16
    static let keyLength = 64
    /// Larger packets go through libcrypto.
    static let smallPacket = 512

    /// K_2 of the definition, for the payload and, in block 0, the key of Poly1305; then K_1, for the length field alone.
    private let key: SecretBytes

    /// - Throws: `misuse` if the key has the wrong length.
    init(key: SecretBytes) throws {
        guard key.count == Self.keyLength else { throw SSHError(.misuse, "a cipher's key has the wrong length") }
        // It looks for the processor's instructions.
        Sodium.prepare()
        self.key = key
    }

    func seal(_ packet: OutgoingPacket, sequenceNumber: UInt32) throws {
        self.withLengthCipher(sequenceNumber) { $0.apply(to: packet.lengthField, block: 0) }
        guard packet.bytes.count > Self.smallPacket else {
            return self.sealSmall(packet, sequenceNumber: sequenceNumber)
        }
        let contexts = try ThreadContexts.current()
        try self.startPayload(contexts, sequenceNumber: sequenceNumber)
        try packet.encrypt(with: contexts.chaCha20)
        try contexts.poly1305.update(UnsafeRawBufferPointer(packet.authenticated))
        try contexts.poly1305.finish(tag: packet.tag)
    }

    private func sealSmall(_ packet: OutgoingPacket, sequenceNumber: UInt32) {
        packet.copyBody()
        self.withPayloadCipher(sequenceNumber) { cipher in
            cipher.apply(to: packet.encrypted, block: 1)
            cipher.withTag(of: UnsafeRawBufferPointer(packet.authenticated)) { packet.tag.copyMemory(from: $0) }
        }
    }

    func decryptLength(_ field: UInt32, sequenceNumber: UInt32) -> UInt32 {
        var field = field.bigEndian
        self.withLengthCipher(sequenceNumber) { cipher in
            withUnsafeMutableBytes(of: &field) { cipher.apply(to: $0, block: 0) }
        }
        return UInt32(bigEndian: field)
    }

    func open(_ packet: IncomingPacket, sequenceNumber: UInt32) throws {
        guard packet.bytes.count > Self.smallPacket else {
            return try self.openSmall(packet, sequenceNumber: sequenceNumber)
        }
        let contexts = try ThreadContexts.current()
        try self.startPayload(contexts, sequenceNumber: sequenceNumber)
        try contexts.poly1305.update(packet.authenticated)
        try contexts.poly1305.finish(verifying: packet.tag)
        try contexts.chaCha20.updateInPlace(packet.encrypted)
    }

    private func openSmall(_ packet: IncomingPacket, sequenceNumber: UInt32) throws {
        try self.withPayloadCipher(sequenceNumber) { cipher in
            let isAuthentic = cipher.withTag(of: packet.authenticated) { Sodium.isEqual($0, packet.tag) }
            guard isAuthentic else { throw SSHError.wrongTag() }
            cipher.apply(to: packet.encrypted, block: 1)
        }
    }

    private func withPayloadCipher<Result>(
        _ sequenceNumber: UInt32,
        _ body: (SodiumChaCha20Poly1305) throws -> Result
    ) rethrows -> Result {
        try self.key.withPointer { try body(SodiumChaCha20Poly1305(key: $0, sequenceNumber: sequenceNumber)) }
    }

    private func withLengthCipher(_ sequenceNumber: UInt32, _ body: (SodiumChaCha20Poly1305) -> Void) {
        self.key.withPointer { body(SodiumChaCha20Poly1305(key: $0 + 32, sequenceNumber: sequenceNumber)) }
    }

    /// Takes the key of Poly1305 from block 0 of the payload's key stream; the payload itself starts with block 1.
    private func startPayload(_ contexts: ThreadContexts, sequenceNumber: UInt32) throws {
        try self.key.withBytes { key in
            let payloadKey = UnsafeRawBufferPointer(rebasing: key[..<32])
            // libcrypto's initialization vector is the block counter, little-endian, and the 64-bit nonce, here the packet's
            // sequence number, big-endian.
            let counterAndNonce = (UInt64(0), UInt64(sequenceNumber).bigEndian)
            try withUnsafeBytes(of: counterAndNonce) { try contexts.chaCha20.start(key: payloadKey, initialVector: $0) }
        }
        try withUnsafeTemporaryAllocation(byteCount: 64, alignment: 16) { block in
            block.initializeMemory(as: UInt8.self, repeating: 0)
            defer { Sodium.zero(block) }
            try contexts.chaCha20.updateInPlace(block)
            try contexts.poly1305.start(key: UnsafeRawBufferPointer(rebasing: block[..<32]))
        }
    }
}
