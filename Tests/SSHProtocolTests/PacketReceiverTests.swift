import NIOCore
import SSHCrypto
import SSHWire
import Testing

@testable import SSHProtocol

struct PacketReceiverTests {
    private static func keys(_ first: UInt8 = 0) -> PacketKeys {
        PacketKeys(
            cipher: .aes256GCM,
            mac: nil,
            key: SecretBytes(bytes: (0..<32).map { first &+ $0 }),
            initialVector: SecretBytes(bytes: (0..<12).map { first &+ $0 }),
            macKey: nil
        )
    }

    private static func receiver(opensAhead: Bool = true, maximumLength: UInt32 = 100_000) throws -> PacketReceiver {
        var receiver = PacketReceiver(maximumLength: maximumLength)
        receiver.use(try PacketOpener(self.keys()), resetSequenceNumber: true)
        receiver.opensAhead = opensAhead
        return receiver
    }

    private static func sealed(_ payloads: [[UInt8]], keys: PacketKeys = Self.keys(), from first: UInt32 = 0) throws
        -> ByteBuffer
    {
        var sealer = try PacketSealer(keys)
        var output = ByteBuffer()
        for (index, payload) in payloads.enumerated() {
            try sealer.seal(
                header: ByteBuffer(),
                body: ByteBuffer(bytes: payload),
                sequenceNumber: first + UInt32(index),
                random: SystemRandom(),
                into: &output
            )
        }
        return output
    }

    private static let payloads: [[UInt8]] = [1, 30_000, 17, 16_384, 20_000, 40_000].enumerated().map { index, size in
        [94] + [UInt8](repeating: UInt8(index), count: size)
    }

    @Test(arguments: [true, false])
    func packetsComeOutAsTheyWentInHoweverTheStreamIsCut(opensAhead: Bool) throws {
        let stream = try Self.sealed(Self.payloads)
        for piece in [3, 1_000, 16_400, 50_000, 200_000] {
            var receiver = try Self.receiver(opensAhead: opensAhead)
            var (rest, seen) = (stream, [ByteBuffer]())
            while rest.readableBytes > 0, let slice = rest.readSlice(length: min(piece, rest.readableBytes)) {
                receiver.append(ByteBuffer(bytes: slice.readableBytesView))
                while let payload = try receiver.next() { seen.append(payload) }
            }
            #expect(seen.map { Array($0.readableBytesView) } == Self.payloads)
            #expect(receiver.packets == 6 && receiver.lastSequenceNumber == 5 && receiver.buffered == 0)
            #expect(receiver.bytes == UInt64(stream.readableBytes))
        }
    }

    @Test func whatIsInFrontOfABadPacketIsHandedOutAndNothingBehindIt() throws {
        var stream = try Self.sealed(Self.payloads)
        let second = 4 + 16 + 16 + 4
        stream.setInteger(UInt8(7), at: second + 30_016)
        var receiver = try Self.receiver()
        receiver.append(stream)
        #expect(try receiver.next()?.readableBytes == 2)
        for _ in 0..<2 { #expect(throws: SSHError.self) { try receiver.next() } }
        #expect(receiver.packets == 1)
    }

    @Test func whatFollowsNewKeysIsLeftForThem() throws {
        var stream = try Self.sealed([[94, 1], [MessageNumber.newKeys.rawValue]])
        let late = try Self.sealed(Self.payloads, keys: Self.keys(50), from: 2)
        stream.writeImmutableBuffer(late)
        var receiver = try Self.receiver()
        receiver.append(stream)
        #expect(try receiver.next()?.readableBytes == 2)
        #expect(try receiver.next()?.readableBytes == 1)
        receiver.use(try PacketOpener(Self.keys(50)), resetSequenceNumber: false)
        for payload in Self.payloads { #expect(try receiver.next().map { Array($0.readableBytesView) } == payload) }
        #expect(try receiver.next() == nil)
    }

    /// As while a decision about the first is waited for.
    @Test func whatArrivesWhileOpenedPacketsWaitComesAfterThem() throws {
        var sealed = try Self.sealed(Self.payloads)
        var receiver = try Self.receiver()
        let first = sealed.readSlice(length: 50_000)
        receiver.append(try #require(first))
        var seen = [try receiver.next()]
        #expect(receiver.buffered > 30_000)
        receiver.append(sealed)
        #expect(receiver.buffered == 50_000 + sealed.readableBytes - Int(receiver.bytes))
        while let payload = try receiver.next() { seen.append(payload) }
        #expect(seen.map { $0.map { Array($0.readableBytesView) } } == Self.payloads)
    }

    @Test func beforeLoginOnePacketIsOpenedAtATime() throws {
        var receiver = try Self.receiver(opensAhead: false, maximumLength: 100)
        receiver.append(try Self.sealed([[94, 1], [UInt8](repeating: 94, count: 500)]))
        #expect(try receiver.next()?.readableBytes == 2)
        // As when the first says that the peer is logged in now.
        receiver.maximumLength = 1_000
        #expect(try receiver.next()?.readableBytes == 500)
    }

    @Test func aSmallPayloadDoesNotKeepTheReadThatItCameIn() throws {
        var receiver = try Self.receiver()
        receiver.append(try Self.sealed(Self.payloads))
        let payload = try #require(try receiver.next())
        #expect(payload.storageCapacity < 1_000)
    }
}
