import NIOCore
import Testing

@testable import SSHCrypto

/// A cipher, the MAC that goes with it, and who runs it if it is AES-GCM.
struct PacketSuite: CustomTestStringConvertible {
    let cipher: CipherAlgorithm
    let mac: MACAlgorithm?
    var gcm = GCMLibrary.libcrypto

    var testDescription: String {
        self.cipher.rawValue + (self.mac.map { " " + $0.rawValue } ?? "")
            + (self.gcm == .libcrypto ? "" : " \(self.gcm)")
    }

    static let all: [PacketSuite] = CipherAlgorithm.allCases.flatMap { cipher in
        switch cipher {
        case .chacha20Poly1305:
            [PacketSuite(cipher: cipher, mac: nil)]
        case .aes256GCM, .aes128GCM:
            GCMLibrary.allCases.map { PacketSuite(cipher: cipher, mac: nil, gcm: $0) }
        case .aes256CTR, .aes192CTR, .aes128CTR:
            MACAlgorithm.allCases.map { PacketSuite(cipher: cipher, mac: $0) }
        }
    }

    /// Whether the length field is part of the first encrypted block (RFC 4253 §6).
    var encryptsLength: Bool { self.mac.map { !$0.isEncryptThenMAC } ?? false }

    func sealer() throws -> PacketSealer { try PacketSealer(self.keys(), gcm: self.gcm) }
    func opener() throws -> PacketOpener { try PacketOpener(self.keys(), gcm: self.gcm) }

    /// Keys of counted-up bytes.
    func keys(initialVector: [UInt8]? = nil) -> PacketKeys {
        let ivLength = self.cipher.initialVectorLength
        return PacketKeys(
            cipher: self.cipher,
            mac: self.mac,
            key: SecretBytes(bytes: bytes(0..<self.cipher.keyLength)),
            initialVector: SecretBytes(bytes: initialVector ?? bytes(0x80..<(0x80 + ivLength))),
            macKey: self.mac.map { SecretBytes(bytes: bytes(0x40..<(0x40 + $0.keyLength))) }
        )
    }
}

extension PacketSealer {
    /// Seals one packet into a buffer of its own.
    mutating func seal(
        header: [UInt8] = [],
        body: [UInt8] = [],
        sequenceNumber: UInt32,
        random: any RandomSource = FixedRandom(0x5a)
    ) throws -> ByteBuffer {
        var output = ByteBuffer()
        try self.seal(
            header: ByteBuffer(bytes: header),
            body: ByteBuffer(bytes: body),
            sequenceNumber: sequenceNumber,
            random: random,
            into: &output
        )
        return output
    }
}

extension PacketOpener {
    /// Opens one packet, and returns its payload.
    mutating func open(_ packet: ByteBuffer, packetLength: UInt32, sequenceNumber: UInt32) throws -> ByteBuffer {
        var packet = packet
        let payload = try self.openInPlace(&packet, packetLength: packetLength, sequenceNumber: sequenceNumber)
        #expect(packet.readableBytes == 0)
        packet.moveReaderIndex(to: payload.lowerBound)
        packet.moveWriterIndex(to: payload.upperBound)
        return packet
    }

    /// Opens one packet that fills `packet`.
    mutating func open(_ packet: ByteBuffer, sequenceNumber: UInt32) throws -> [UInt8] {
        let length = try self.packetLength(in: packet, sequenceNumber: sequenceNumber)
        return try self.open(packet, packetLength: length, sequenceNumber: sequenceNumber).array
    }
}
