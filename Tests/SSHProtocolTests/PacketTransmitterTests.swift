import NIOCore
import SSHCrypto
import Testing

@testable import SSHProtocol

struct PacketTransmitterTests {
    @Test func roomThatIsReservedIsUsed() throws {
        var transmitter = PacketTransmitter()
        transmitter.spare = SpareBuffers()
        transmitter.reserve(200_000)
        let body = ByteBuffer(repeating: 7, count: 32_768)
        for _ in 0..<5 { try transmitter.send(header: ByteBuffer(), body: body, random: SystemRandom()) }
        let output = transmitter.takeOutput()
        // An output that grew packet by packet would have been copied, into twice its size each time.
        #expect(output.readableBytes > 5 * 32_768 && output.storageCapacity < 300_000)
    }

    @Test func asMuchAsWasReservedIsThereFromTheFirstPacketOn() throws {
        var transmitter = PacketTransmitter()
        transmitter.spare = SpareBuffers()
        transmitter.reserve(200_000)
        try transmitter.send(header: ByteBuffer(), body: ByteBuffer(repeating: 7, count: 100), random: SystemRandom())
        #expect(transmitter.output.capacity >= 200_000)
    }
}
