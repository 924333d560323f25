import SSHWire

/// chacha20-poly1305@openssh.com, as OpenSSH's PROTOCOL.chacha20poly1305 defines it.
///
/// A connection keeps its keys alone: setting them costs nothing, and a context of libcrypto is larger than all of them.
struct ChaCha20Poly1305 {
    static let tagLength = 16
    static let keyLength = 64

    /// K_2 of the definition, for the payload and, in block 0, the key of Poly1305; then K_1, for the length field alone.
    private let key: SecretBytes

    /// - Throws: `misuse` if the key has the wrong length.
    init(key: SecretBytes) throws {
        guard key.count == Self.keyLength else { throw SSHError(.misuse, "a cipher's key has the wrong length") }
        self.key = key
    }

    func seal(_ packet: OutgoingPacket, sequenceNumber: UInt32) throws {
        let contexts = try ThreadContexts.current()
        try self.startLength(contexts.chaCha20, sequenceNumber: sequenceNumber)
        try contexts.chaCha20.updateInPlace(packet.lengthField)
        try self.startPayload(contexts, sequenceNumber: sequenceNumber)
        try packet.encrypt(with: contexts.chaCha20)
        try contexts.poly1305.update(UnsafeRawBufferPointer(packet.authenticated))
        try contexts.poly1305.finish(tag: packet.tag)
    }

    func decryptLength(_ field: UInt32, sequenceNumber: UInt32) throws -> UInt32 {
        let contexts = try ThreadContexts.current()
        try self.startLength(contexts.chaCha20, sequenceNumber: sequenceNumber)
        var field = field.bigEndian
        try withUnsafeMutableBytes(of: &field) { try contexts.chaCha20.updateInPlace($0) }
        return UInt32(bigEndian: field)
    }

    func open(_ packet: IncomingPacket, sequenceNumber: UInt32) throws {
        let contexts = try ThreadContexts.current()
        try self.startPayload(contexts, sequenceNumber: sequenceNumber)
        try contexts.poly1305.update(packet.authenticated)
        try contexts.poly1305.finish(verifying: packet.tag)
        try contexts.chaCha20.updateInPlace(packet.encrypted)
    }

    private func startLength(_ cipher: CipherContext, sequenceNumber: UInt32) throws {
        try self.key.withBytes { key in
            try Self.start(cipher, key: UnsafeRawBufferPointer(rebasing: key[32...]), sequenceNumber: sequenceNumber)
        }
    }

    /// Takes the key of Poly1305 from block 0 of the payload's key stream; the payload itself starts with block 1.
    private func startPayload(_ contexts: ThreadContexts, sequenceNumber: UInt32) throws {
        try self.key.withBytes { key in
            let payloadKey = UnsafeRawBufferPointer(rebasing: key[..<32])
            try Self.start(contexts.chaCha20, key: payloadKey, sequenceNumber: sequenceNumber)
        }
        try withUnsafeTemporaryAllocation(byteCount: 64, alignment: 16) { block in
            block.initializeMemory(as: UInt8.self, repeating: 0)
            defer { Sodium.zero(block) }
            try contexts.chaCha20.updateInPlace(block)
            try contexts.poly1305.start(key: UnsafeRawBufferPointer(rebasing: block[..<32]))
        }
    }

    /// libcrypto's initialization vector is the block counter, little-endian, and the 64-bit nonce, here the packet's
    /// sequence number, big-endian.
    private static func start(_ cipher: CipherContext, key: UnsafeRawBufferPointer, sequenceNumber: UInt32) throws {
        let counterAndNonce = (UInt64(0), UInt64(sequenceNumber).bigEndian)
        try withUnsafeBytes(of: counterAndNonce) { try cipher.start(key: key, initialVector: $0) }
    }
}
