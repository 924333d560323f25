import NIOCore
import Testing

@testable import SSHCrypto

struct ChaCha20Poly1305Tests {
    private let suite = PacketSuite(cipher: .chacha20Poly1305, mac: nil)

    /// RFC 8439 §2.3.2 and §2.5.2, so that the reference deserves its name.
    @Test func theReferenceKeepsToTheRFC() {
        let block = ReferenceChaCha20Poly1305.block(
            key: bytes(0..<32),
            tail: [1, 0x0900_0000, 0x4a00_0000, 0]
        )
        #expect(block.prefix(16) == hex("10f1e7e4d13b5915500fdd1fa32071c4")[...])
        #expect(block.suffix(16) == hex("b5129cd1de164eb9cbd083e8a2503c4e")[...])
        let tag = ReferenceChaCha20Poly1305.poly1305(
            key: hex("85d6be7857556d337f4452fe42d506a80103808afb0db2fd4abff6af4149f51b"),
            message: Array("Cryptographic Forum Research Group".utf8)
        )
        #expect(tag == hex("a8061dc1305136c6c22b8baf0c0127a9"))
    }

    /// RFC 8439 appendix A.3, vectors 7 to 9: carries and the last reduction.
    @Test func theReferenceReducesFully() {
        let ones = [UInt8](repeating: 0xff, count: 16)
        let r1 = [1] + [UInt8](repeating: 0, count: 31)
        let message7 = ones + [0xf0] + ones.dropFirst() + [0x11] + [UInt8](repeating: 0, count: 15)
        let tag7 = ReferenceChaCha20Poly1305.poly1305(key: r1, message: message7)
        #expect(tag7 == [5] + [UInt8](repeating: 0, count: 15))
        let message8 = ones + [0xfb] + [UInt8](repeating: 0xfe, count: 15) + [UInt8](repeating: 1, count: 16)
        let tag8 = ReferenceChaCha20Poly1305.poly1305(key: r1, message: message8)
        #expect(tag8 == [UInt8](repeating: 0, count: 16))
        let r2 = [2] + [UInt8](repeating: 0, count: 31)
        let tag9 = ReferenceChaCha20Poly1305.poly1305(key: r2, message: [0xfd] + ones.dropFirst())
        #expect(tag9 == [0xfa] + ones.dropFirst())
    }

    /// Computed from the definition with another implementation of ChaCha20 and Poly1305.
    @Test func knownPacket() throws {
        var sealer = try PacketSealer(self.suite.keys())
        let packet = try sealer.seal(header: bytes(0..<9), body: bytes(9..<20), sequenceNumber: 7)
        let expected = hex(
            """
            a39afc8a234614414d872f586b65b2fadc83de223ba221246db967d91a304185
            da09590e1955aef303f7d32f4719b3f2669cd159
            """
        )
        #expect(packet.array == expected)
    }

    @Test(
        arguments: [0, 1, 2, 3, 10, 53, 54, 55, 63, 64, 65, 127, 128, 200, 470, 471, 472, 473, 480, 1000, 5000],
        [0, 1, 0xffff_ffff] as [UInt32]
    )
    func packetsAreThoseOfTheReference(bodyLength: Int, sequenceNumber: UInt32) throws {
        let header = bytes(0..<9)
        let body = bytes(100..<(100 + bodyLength))
        var sealer = try PacketSealer(self.suite.keys())
        // A packet before, so that nothing of it may leak into the next.
        _ = try sealer.seal(header: header, sequenceNumber: 99)
        let packet = try sealer.seal(header: header, body: body, sequenceNumber: sequenceNumber)
        let paddingLength = packet.readableBytes - 4 - 16 - 1 - 9 - bodyLength
        let padding = [UInt8](repeating: 0x5a, count: paddingLength)
        let expected = ReferenceChaCha20Poly1305.seal(
            key: bytes(0..<64),
            sequenceNumber: sequenceNumber,
            plaintext: [UInt8(paddingLength)] + header + body + padding
        )
        #expect(packet.array == expected)
        var opener = try PacketOpener(self.suite.keys())
        #expect(try opener.open(packet, sequenceNumber: sequenceNumber) == header + body)
    }

    @Test func askingForALengthAgainChangesNothing() throws {
        var sealer = try PacketSealer(self.suite.keys())
        var opener = try PacketOpener(self.suite.keys())
        let packet = try sealer.seal(body: bytes(0..<100), sequenceNumber: 3)
        let expected = UInt32(packet.readableBytes - 4 - 16)
        for _ in 0..<3 {
            #expect(try opener.packetLength(in: packet, sequenceNumber: 3) == expected)
        }
        #expect(try opener.open(packet, sequenceNumber: 3) == bytes(0..<100))
    }
}
