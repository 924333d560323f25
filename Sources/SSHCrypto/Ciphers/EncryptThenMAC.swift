import SSHWire

/// AES in counter mode with one of the hmac-…-etm@openssh.com MACs: the length field is clear, and the MAC covers the
/// sequence number, the length field and the ciphertext (OpenSSH's PROTOCOL §1.5).
final class EncryptThenMAC {
    private let keys: CounterModeKeys
    var tagLength: Int { self.keys.tagLength }

    init(_ keys: PacketKeys, direction: CipherContext.Direction) throws {
        self.keys = try CounterModeKeys(keys, direction: direction)
    }

    func seal(_ packet: OutgoingPacket, sequenceNumber: UInt32) throws {
        try packet.encrypt(with: self.keys.cipher)
        try self.keys.startMAC(sequenceNumber: sequenceNumber)
        try self.keys.mac.update(UnsafeRawBufferPointer(packet.authenticated))
        try self.keys.mac.finish(tag: packet.tag)
    }

    func open(_ packet: IncomingPacket, sequenceNumber: UInt32) throws {
        try self.keys.startMAC(sequenceNumber: sequenceNumber)
        try self.keys.mac.update(packet.authenticated)
        try self.keys.mac.finish(verifying: packet.tag)
        try self.keys.cipher.updateInPlace(packet.encrypted)
    }
}
