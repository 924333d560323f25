import SSHWire

/// aes128-gcm@openssh.com and aes256-gcm@openssh.com: AES-GCM with the length field as associated data (RFC 5647).
final class AESGCM<Cipher: GCMCipher> {
    private let cipher: Cipher
    /// RFC 5647 §7.1: the first four bytes of the nonce stay, the other eight count the packets.
    private let fixedField: UInt32
    let firstInvocation: UInt64
    /// Of the next packet. Nobody but a test sets it: 2^64 packets take too long.
    var invocation: UInt64
    private var isExhausted = false

    init(_ keys: PacketKeys, cipher: (UnsafeRawBufferPointer) throws -> Cipher) throws {
        self.cipher = try keys.key.withBytes { try cipher($0) }
        (self.fixedField, self.firstInvocation) = keys.initialVector.withBytes { nonce in
            (
                nonce.loadUnaligned(fromByteOffset: 0, as: UInt32.self),
                UInt64(bigEndian: nonce.loadUnaligned(fromByteOffset: 4, as: UInt64.self))
            )
        }
        self.invocation = self.firstInvocation
    }

    func seal(_ packet: OutgoingPacket) throws {
        try self.start()
        try self.cipher.updateAssociatedData(UnsafeRawBufferPointer(packet.lengthField))
        try packet.encrypt(with: self.cipher)
        try self.cipher.finish(tag: packet.tag)
    }

    /// Writes plaintext before the tag is verified: on an error the caller throws it away.
    func open(_ packet: IncomingPacket) throws {
        try self.start()
        try self.cipher.updateAssociatedData(packet.lengthField)
        try self.cipher.updateInPlace(packet.encrypted)
        try self.cipher.finish(verifying: packet.tag)
    }

    /// Uses up one nonce, also for a packet that then fails.
    private func start() throws {
        // The counter starts anywhere and wraps around; what must not come again is a value.
        guard !self.isExhausted else {
            throw SSHError(.limitExceeded, "too many packets with one key")
        }
        try withUnsafeTemporaryAllocation(byteCount: 12, alignment: 16) { nonce in
            nonce.storeBytes(of: self.fixedField, toByteOffset: 0, as: UInt32.self)
            nonce.storeBytes(of: self.invocation.bigEndian, toByteOffset: 4, as: UInt64.self)
            try self.cipher.start(initialVector: UnsafeRawBufferPointer(nonce))
        }
        self.invocation &+= 1
        self.isExhausted = self.invocation == self.firstInvocation
    }
}
