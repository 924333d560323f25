import NIOCore
import SSHWire
import Testing

@testable import SSHCrypto

struct PacketTests {
    static let payloadLengths = Array(1...100) + [32_768]

    @Test(arguments: PacketSuite.all)
    func whatIsSealedOpens(suite: PacketSuite) throws {
        var sealer = try suite.sealer()
        var opener = try suite.opener()
        let alignedFrom = suite.encryptsLength ? 0 : 4
        try self.checkRoundTrips(
            &sealer,
            &opener,
            blockLength: suite.cipher.blockLength,
            alignedFrom: alignedFrom
        )
    }

    @Test func plainPacketsOpen() throws {
        var sealer = PacketSealer()
        var opener = PacketOpener()
        try self.checkRoundTrips(&sealer, &opener, blockLength: 8, alignedFrom: 0)
    }

    private func checkRoundTrips(
        _ sealer: inout PacketSealer,
        _ opener: inout PacketOpener,
        blockLength: Int,
        alignedFrom offset: Int
    ) throws {
        let random = SeededRandom(seed: 1)
        // All packets into one buffer, as they go to a socket.
        var stream = ByteBuffer(bytes: [0xaa, 0xbb])
        stream.moveReaderIndex(forwardBy: 2)
        for (index, length) in Self.payloadLengths.enumerated() {
            let payload = ByteBuffer(bytes: bytes(0..<length))
            let headerLength = index % 2 == 0 ? min(9, length) : 0
            let header = try #require(payload.getSlice(at: 0, length: headerLength))
            let body = try #require(payload.getSlice(at: headerLength, length: length - headerLength))
            let before = stream.readableBytes
            try sealer.seal(header: header, body: body, sequenceNumber: UInt32(index), random: random, into: &stream)
            let packetLength = stream.readableBytes - before
            #expect((packetLength - opener.tagLength - offset) % blockLength == 0)
            #expect(packetLength - length <= sealer.overhead)
            #expect(packetLength - opener.tagLength >= 12)
        }
        for (index, length) in Self.payloadLengths.enumerated() {
            let sequenceNumber = UInt32(index)
            let packetLength = try opener.packetLength(in: stream, sequenceNumber: sequenceNumber)
            let total = 4 + Int(packetLength) + opener.tagLength
            let slice = stream.readSlice(length: total)
            let packet = try #require(slice)
            let payload = try opener.open(packet, packetLength: packetLength, sequenceNumber: sequenceNumber)
            #expect(payload.array == bytes(0..<length))
        }
        #expect(stream.readableBytes == 0)
    }

    @Test(arguments: PacketSuite.all)
    func everyFlippedBitIsFound(suite: PacketSuite) throws {
        var sealer = try suite.sealer()
        let tagLength = try suite.opener().tagLength
        let packet = try sealer.seal(header: [94], body: bytes(0..<5), sequenceNumber: 0)
        let length = UInt32(packet.readableBytes - 4 - tagLength)
        for bit in 0..<(packet.readableBytes * 8) {
            var changed = packet
            let byte = try #require(changed.getInteger(at: bit / 8, as: UInt8.self))
            changed.setInteger(byte ^ 1 << UInt8(bit % 8), at: bit / 8)
            var opener = try suite.opener()
            // With the length that was sent, as if the peer's change of the length field went unnoticed.
            expectError(.integrityCheckFailed) {
                try opener.open(changed, packetLength: length, sequenceNumber: 0)
            }
        }
        var opener = try suite.opener()
        #expect(try opener.open(packet, sequenceNumber: 0) == [94] + bytes(0..<5))
    }

    @Test(arguments: PacketSuite.all)
    func aPacketOutOfItsTurnIsFound(suite: PacketSuite) throws {
        var sealer = try suite.sealer()
        let tagLength = try suite.opener().tagLength
        let packets = try (0..<3).map { try sealer.seal(body: [UInt8($0)], sequenceNumber: UInt32($0)) }
        let length = UInt32(packets[0].readableBytes - 4 - tagLength)
        var skipping = try suite.opener()
        expectError(.integrityCheckFailed) { try skipping.open(packets[1], packetLength: length, sequenceNumber: 0) }
        var repeating = try suite.opener()
        _ = try repeating.open(packets[0], sequenceNumber: 0)
        expectError(.integrityCheckFailed) { try repeating.open(packets[0], packetLength: length, sequenceNumber: 1) }
    }

    @Test(arguments: [0, 1, 2, 35_001, 0x7fff_ffff, 0xffff_ffff] as [UInt32])
    func anyClaimedLengthIsReportedAndNoneIsAllocated(length: UInt32) throws {
        let field = ByteBuffer(integer: length)
        for suite in PacketSuite.all {
            var opener = try suite.opener()
            let reported = try opener.packetLength(in: field, sequenceNumber: 0)
            if suite.cipher != .chacha20Poly1305, !suite.encryptsLength { #expect(reported == length) }
            expectError(of: [.protocolViolation, .misuse, .integrityCheckFailed]) {
                try opener.open(field, packetLength: length, sequenceNumber: 0)
            }
        }
        var plain = PacketOpener()
        #expect(try plain.packetLength(in: field, sequenceNumber: 0) == length)
        expectError(of: [.protocolViolation, .misuse]) {
            try plain.open(field, packetLength: length, sequenceNumber: 0)
        }
    }

    @Test(arguments: PacketSuite.all)
    func aLengthOffTheBlocksIsRefused(suite: PacketSuite) throws {
        var opener = try suite.opener()
        let counted = suite.encryptsLength ? 4 : 0
        for length in 0..<(4 * suite.cipher.blockLength)
        where (counted + length) % suite.cipher.blockLength != 0 || length == 0 {
            let packet = ByteBuffer(repeating: 0, count: 4 + length + opener.tagLength)
            // What an encrypted length says was changed on its way, as if the payload had been.
            expectError(suite.encryptsLength ? .integrityCheckFailed : .protocolViolation) {
                try opener.open(packet, packetLength: UInt32(length), sequenceNumber: 0)
            }
        }
    }

    /// The receiver asks again and again while it waits for the rest.
    @Test(arguments: PacketSuite.all)
    func theLengthIsTheSameHoweverOftenItIsAskedFor(suite: PacketSuite) throws {
        var sealer = try suite.sealer()
        var opener = try suite.opener()
        for number in 0..<3 as Range<UInt32> {
            let packet = try sealer.seal(body: bytes(0..<50), sequenceNumber: number)
            for _ in 0..<3 {
                let length = try opener.packetLength(in: packet, sequenceNumber: number)
                #expect(4 + Int(length) + opener.tagLength == packet.readableBytes)
            }
            #expect(try opener.open(packet, sequenceNumber: number) == bytes(0..<50))
        }
    }

    @Test func aPlainLengthOffTheBlocksIsRefused() throws {
        var opener = PacketOpener()
        for length in 0..<40 where (length + 4) % 8 != 0 || length == 4 {
            let packet = plainPacket([UInt8](repeating: 4, count: length))
            expectError(.protocolViolation) { try opener.open(packet, sequenceNumber: 0) }
        }
    }

    @Test func lessThanAWholePacketIsMisuse() throws {
        var opener = PacketOpener()
        expectError(.misuse) { try opener.packetLength(in: ByteBuffer(bytes: [0, 0, 0]), sequenceNumber: 0) }
        expectError(.misuse) {
            try opener.open(ByteBuffer(repeating: 0, count: 15), packetLength: 12, sequenceNumber: 0)
        }
    }

    @Test(arguments: [0, 1, 2, 3, 12, 13, 255] as [UInt8])
    func aPaddingLengthThatCannotBeIsRefused(paddingLength: UInt8) {
        var opener = PacketOpener()
        let packet = plainPacket([paddingLength] + bytes(0..<11))
        expectError(.protocolViolation) { try opener.open(packet, sequenceNumber: 0) }
    }

    @Test func aPaddingLengthMayLeaveOneByteOrNone() throws {
        var opener = PacketOpener()
        for (paddingLength, payload) in [(UInt8(10), [UInt8(0)]), (11, []), (4, bytes(0..<7))] {
            let packet = plainPacket([paddingLength] + bytes(0..<11))
            #expect(try opener.open(packet, sequenceNumber: 0) == payload)
        }
    }

    @Test(arguments: PacketSuite.all)
    func keysOfTheWrongLengthAreMisuse(suite: PacketSuite) throws {
        let good = suite.keys()
        let short = SecretBytes(bytes: [1, 2, 3])
        let bad = [
            PacketKeys(
                cipher: suite.cipher,
                mac: suite.mac,
                key: short,
                initialVector: good.initialVector,
                macKey: good.macKey
            ),
            PacketKeys(cipher: suite.cipher, mac: suite.mac, key: good.key, initialVector: short, macKey: good.macKey),
        ]
        let badMAC = [
            PacketKeys(
                cipher: suite.cipher,
                mac: suite.mac,
                key: good.key,
                initialVector: good.initialVector,
                macKey: short
            ),
            PacketKeys(
                cipher: suite.cipher,
                mac: nil,
                key: good.key,
                initialVector: good.initialVector,
                macKey: good.macKey
            ),
            PacketKeys(
                cipher: suite.cipher,
                mac: suite.mac,
                key: good.key,
                initialVector: good.initialVector,
                macKey: nil
            ),
        ]
        for keys in bad + (suite.cipher.isAuthenticated ? [] : badMAC) {
            expectError(.misuse) { try PacketSealer(keys) }
            expectError(.misuse) { try PacketOpener(keys) }
        }
    }

    @Test func paddingComesFromTheRandomSource() throws {
        var sealer = PacketSealer()
        let packet = try sealer.seal(header: [21], sequenceNumber: 0, random: FixedRandom(0xc3))
        #expect(packet.array == [0, 0, 0, 12, 10, 21] + [UInt8](repeating: 0xc3, count: 10))
    }
}

/// A length field and what it counts.
private func plainPacket(_ content: [UInt8]) -> ByteBuffer {
    var packet = ByteBuffer(integer: UInt32(content.count))
    packet.writeBytes(content)
    return packet
}
