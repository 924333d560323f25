import SSHWire

/// AES in counter mode with one of the MACs of RFC 6668: the length field is encrypted with the rest, and the MAC covers the
/// sequence number and the plaintext (RFC 4253 §6.4).
///
/// So a packet's length is used before anything says that it is right. It is compared with the limits like every length from
/// the network, and a packet that is wrong in any way ends the connection with one and the same error, once it has come whole.
final class EncryptAndMAC {
    private let keys: CounterModeKeys
    /// What the next packet's length field is encrypted with, if that has been looked at.
    private var lengthKeyStream: UInt32?
    var tagLength: Int { self.keys.tagLength }

    init(_ keys: PacketKeys, direction: CipherContext.Direction) throws {
        self.keys = try CounterModeKeys(keys, direction: direction)
    }

    func seal(_ packet: OutgoingPacket, sequenceNumber: UInt32) throws {
        try self.keys.startMAC(sequenceNumber: sequenceNumber)
        try packet.forEachPlainPiece { try self.keys.mac.update($0) }
        try self.keys.mac.finish(tag: packet.tag)
        try self.keys.cipher.updateInPlace(packet.lengthField)
        try packet.encrypt(with: self.keys.cipher)
    }

    /// The same for the same packet however often it is asked.
    func decryptLength(_ field: UInt32) throws -> UInt32 {
        if let keyStream = self.lengthKeyStream { return field ^ keyStream }
        // In counter mode, zeros become the key stream itself.
        var keyStream: UInt32 = 0
        try withUnsafeMutableBytes(of: &keyStream) { try self.keys.cipher.updateInPlace($0) }
        keyStream = UInt32(bigEndian: keyStream)
        self.lengthKeyStream = keyStream
        return field ^ keyStream
    }

    /// Writes plaintext before the tag is verified: on an error the caller throws it away.
    func open(_ packet: IncomingPacket, sequenceNumber: UInt32) throws {
        let field = UInt32(bigEndian: packet.lengthField.loadUnaligned(as: UInt32.self))
        let length = try self.decryptLength(field)
        self.lengthKeyStream = nil
        packet.bytes.storeBytes(of: length.bigEndian, as: UInt32.self)
        try self.keys.cipher.updateInPlace(packet.encrypted)
        try self.keys.startMAC(sequenceNumber: sequenceNumber)
        try self.keys.mac.update(packet.authenticated)
        try self.keys.mac.finish(verifying: packet.tag)
    }
}
