import NIOCore
import SSHCrypto
import SSHWire
import Testing

@testable import SSHProtocol

/// Nothing may be slipped in before the first NEWKEYS: CVE-2023-48795, OpenSSH's PROTOCOL §1.10.
struct StrictKeyExchangeTests {
    /// A message that means nothing.
    private static let filler = Unimplemented(sequenceNumber: 0).payload().buffer

    private static func sendFiller(_ transmitter: inout PacketTransmitter) throws {
        try transmitter.send(header: self.filler, body: ByteBuffer(), random: SeededRandom(seed: 3))
    }

    @Test func aMessageBeforeKexInitEndsIt() throws {
        let pair = try EnginePair()
        var output = try pair.client.takeOutput(limit: 1 << 20, now: pair.now)
        let end = try #require(output.readableBytesView.firstIndex(of: UInt8(ascii: "\n")))
        let identification = output.readSlice(length: end + 1 - output.readerIndex)
        var bytes = try #require(identification)
        var stranger = PacketTransmitter()
        try Self.sendFiller(&stranger)
        var filler = stranger.takeOutput()
        bytes.writeBuffer(&filler)
        bytes.writeBuffer(&output)
        pair.inject(bytes, to: .server)
        pair.run()
        #expect(pair.serverError?.reason == "KEXINIT is not the first packet of a strict key exchange")
    }

    @Test func aMessageBehindKexInitEndsIt() throws {
        let pair = try EnginePair()
        try Self.sendFiller(&pair.client.transport.transmitter)
        pair.run()
        #expect(pair.serverError?.code == .protocolViolation)
    }

    /// Looks at the server alone: the client's next packet would fail at the number that the server counts.
    @Test func aMessageBeforeNewKeysEndsIt() throws {
        let pair = try EnginePair()
        let hello = try pair.server.takeOutput(limit: 1 << 20, now: pair.now)
        pair.client.receive(hello, now: pair.now)
        while try pair.client.nextEvent(now: pair.now) != nil {}
        try Self.sendFiller(&pair.client.transport.transmitter)
        let words = try pair.client.takeOutput(limit: 1 << 20, now: pair.now)
        pair.server.receive(words, now: pair.now)
        let error = #expect(throws: SSHError.self) {
            while try pair.server.nextEvent(now: pair.now) != nil {}
        }
        #expect(error?.code == .protocolViolation)
    }

    @Test func sequenceNumbersStartAgainAtNewKeys() throws {
        let pair = try EnginePair()
        try pair.logIn()
        #expect(pair.client.transport.isStrict && pair.server.transport.isStrict)
        // SERVICE_REQUEST and one USERAUTH_REQUEST are all that the client said since NEWKEYS.
        #expect(pair.client.transport.transmitter.sequenceNumber == 2)
    }
}
