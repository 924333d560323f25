import SSHWire

/// AES in counter mode with one of the hmac-…-etm@openssh.com MACs: the length field is clear, and the MAC covers the
/// sequence number, the length field and the ciphertext (OpenSSH's PROTOCOL §1.5).
final class EncryptThenMAC {
    private let cipher: CipherContext
    private let mac: MACContext
    let tagLength: Int

    init(_ keys: PacketKeys, direction: CipherContext.Direction) throws {
        guard let algorithm = keys.mac, let macKey = keys.macKey else {
            throw SSHError(.misuse, "\(keys.cipher.rawValue) needs a MAC")
        }
        guard macKey.count == algorithm.keyLength else {
            throw SSHError(.misuse, "a key for \(algorithm.rawValue) has the wrong length")
        }
        self.cipher = try keys.key.withBytes { key in
            try keys.initialVector.withBytes { initialVector in
                try CipherContext(
                    FetchedCipher.cipher(for: keys.cipher),
                    key: key,
                    initialVector: initialVector,
                    direction: direction
                )
            }
        }
        self.mac = try MACContext(algorithm, key: macKey)
        self.tagLength = algorithm.tagLength
    }

    /// The cipher's counter runs on from packet to packet.
    func seal(_ packet: OutgoingPacket, sequenceNumber: UInt32) throws {
        try packet.encrypt(with: self.cipher)
        try self.authenticate(UnsafeRawBufferPointer(packet.authenticated), sequenceNumber: sequenceNumber)
        try self.mac.finish(tag: packet.tag)
    }

    func open(_ packet: IncomingPacket, sequenceNumber: UInt32) throws {
        try self.authenticate(packet.authenticated, sequenceNumber: sequenceNumber)
        try self.mac.finish(verifying: packet.tag)
        try self.cipher.updateInPlace(packet.encrypted)
    }

    private func authenticate(_ bytes: UnsafeRawBufferPointer, sequenceNumber: UInt32) throws {
        try self.mac.start()
        try withUnsafeBytes(of: sequenceNumber.bigEndian) { try self.mac.update($0) }
        try self.mac.update(bytes)
    }
}
