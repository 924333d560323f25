import NIOCore
import SSHWire
import Testing

@testable import SSHForwarding

struct ProxyHeaderTests {
    private static func proxied(_ source: String, _ sourcePort: Int, _ destination: String, _ port: Int) throws
        -> ProxyHeader
    {
        .proxied(
            source: try SocketAddress(ipAddress: source, port: sourcePort),
            destination: try SocketAddress(ipAddress: destination, port: port)
        )
    }

    /// A header of version 2: the byte with the command, the family, the length and what follows.
    private static func version2(_ command: UInt8, _ family: UInt8, _ body: [UInt8], length: Int? = nil) -> [UInt8] {
        let length = length ?? body.count
        return ProxyHeader.signature + [command, family, UInt8(length >> 8), UInt8(length & 0xff)] + body
    }

    private static func read(_ bytes: [UInt8]) throws -> ProxyHeader? {
        var buffer = ByteBuffer(bytes: bytes)
        return try ProxyHeader.read(from: &buffer)
    }

    private static let addresses4: [UInt8] = [192, 0, 2, 7, 10, 0, 0, 1, 0xc8, 0x22, 0, 22]
    private static let addresses6: [UInt8] =
        [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7] + [UInt8](repeating: 0, count: 15) + [
            1, 0xc8, 0x22, 0, 22,
        ]

    @Test func linesOfVersion1NameBothEnds() throws {
        let line = "PROXY TCP4 192.0.2.7 10.0.0.1 51234 22\r\n"
        #expect(try Self.read(Array(line.utf8)) == Self.proxied("192.0.2.7", 51234, "10.0.0.1", 22))
        let line6 = "PROXY TCP6 2001:db8::7 ::1 51234 22\r\n"
        #expect(try Self.read(Array(line6.utf8)) == Self.proxied("2001:db8::7", 51234, "::1", 22))
        let longest = "PROXY UNKNOWN \(String(repeating: "f", count: 91))\r\n"
        #expect(longest.utf8.count == 107)
        for line in ["PROXY UNKNOWN\r\n", "PROXY UNKNOWN a b c d\r\n", longest] {
            #expect(try Self.read(Array(line.utf8)) == .unnamed)
        }
    }

    @Test(arguments: [
        "SSH-2.0-OpenSSH_9.2\r\n", "proxy TCP4 1.2.3.4 1.2.3.4 1 2\r\n", "PROXY\r\n",
        "PROXY  TCP4 1.2.3.4 1.2.3.4 1 2\r\n",
        "PROXY \r\n", "PROXY TCP4\r\n", "PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n", "PROXY TCP4 1.2.3.4 1.2.3.4 1 2 3\r\n",
        "PROXY TCP4 1.2.3.4 1.2.3.4 1 2 \r\n", "PROXY TCP4 1.2.3.4 1.2.3.4 1 2\n",
        "PROXY TCP4 1.2.3.4 1.2.3.4 1 2\r\r\n",
        "PROXY TCP4 ::1 ::1 1 2\r\n", "PROXY TCP6 1.2.3.4 1.2.3.4 1 2\r\n", "PROXY TCP4 1.2.3 1.2.3.4 1 2\r\n",
        "PROXY TCP4 01.2.3.4 1.2.3.4 1 2\r\n", "PROXY TCP4 1.2.3.4.5 1.2.3.4 1 2\r\n",
        "PROXY TCP4 1.2.3.256 1.2.3.4 1 2\r\n",
        "PROXY TCP4 1.2.3.4 1.2.3.4 65536 2\r\n", "PROXY TCP4 1.2.3.4 1.2.3.4 -1 2\r\n",
        "PROXY TCP4 1.2.3.4 1.2.3.4 +1 2\r\n",
        "PROXY TCP4 1.2.3.4 1.2.3.4 01 2\r\n", "PROXY TCP4 1.2.3.4 1.2.3.4 1 \r\n",
        "PROXY TCP5 1.2.3.4 1.2.3.4 1 2\r\n",
        "PROXY TCP6 fe80::1%lo fe80::1 1 2\r\n", "PROXY TCP6 ::g ::1 1 2\r\n", "PROXY UNKNOWNx\r\n",
        "PROXY TCP4 1.2.3.4\u{0} 1.2.3.4 1 2\r\n", "PROXY TCP4 host 1.2.3.4 1 2\r\n", "\r\nPROXY UNKNOWN\r\n",
        "\r\n\r\n\0\r\nQUIX",
    ])
    func whatIsNoHeaderIsRefused(_ line: String) {
        let error = #expect(throws: SSHError.self) { try Self.read(Array(line.utf8)) }
        #expect(error?.code == .protocolViolation)
    }

    @Test func aLineWithoutAnEndIsRefusedAtItsLongest() throws {
        let line = Array("PROXY UNKNOWN ".utf8) + [UInt8](repeating: 0x20, count: 200)
        #expect(try Self.read(Array(line[..<106])) == nil)
        #expect(throws: SSHError.self) { try Self.read(Array(line[..<107])) }
        #expect(throws: SSHError.self) { try Self.read(line + Array("\r\n".utf8)) }
    }

    @Test func headersOfVersion2NameBothEnds() throws {
        #expect(
            try Self.read(Self.version2(0x21, 0x11, Self.addresses4))
                == Self.proxied("192.0.2.7", 51234, "10.0.0.1", 22)
        )
        #expect(
            try Self.read(Self.version2(0x21, 0x21, Self.addresses6)) == Self.proxied("2001:db8::7", 51234, "::1", 22)
        )
    }

    @Test func extensionsAreSkippedAndNothingBehindThem() throws {
        for count in [1, 4084] {
            let extensions = [UInt8](repeating: 0xee, count: count)
            let bytes = Self.version2(0x21, 0x11, Self.addresses4 + extensions) + Array("SSH-2.0-x".utf8)
            var buffer = ByteBuffer(bytes: bytes)
            #expect(try ProxyHeader.read(from: &buffer) == Self.proxied("192.0.2.7", 51234, "10.0.0.1", 22))
            #expect(String(buffer: buffer) == "SSH-2.0-x")
        }
    }

    @Test func proxiesThatSpeakForThemselvesOrForWhatHasNoAddressNameNobody() throws {
        for bytes in [
            Self.version2(0x20, 0x00, []), Self.version2(0x20, 0x11, Self.addresses4),
            Self.version2(0x20, 0xff, [1, 2, 3]),
            Self.version2(0x21, 0x00, []), Self.version2(0x21, 0x00, [1]),
            Self.version2(0x21, 0x31, [UInt8](repeating: 0x2f, count: 216)),
        ] {
            #expect(try Self.read(bytes) == .unnamed)
        }
    }

    @Test(
        arguments: [
            // Version and command, family, bytes that follow.
            (0x11, 0x11, 12), (0x31, 0x11, 12), (0x22, 0x11, 12), (0x2f, 0x11, 12),
            // Datagrams, and families that are none.
            (0x21, 0x12, 12), (0x21, 0x22, 36), (0x21, 0x41, 36), (0x21, 0xff, 36),
            // Too short.
            (0x21, 0x11, 11), (0x21, 0x21, 35), (0x21, 0x31, 215), (0x21, 0x11, 0),
        ] as [(UInt8, UInt8, Int)]
    )
    func malformedHeadersOfVersion2AreRefused(_ command: UInt8, _ family: UInt8, _ count: Int) {
        let body = [UInt8](repeating: 1, count: count)
        let error = #expect(throws: SSHError.self) { try Self.read(Self.version2(command, family, body)) }
        #expect(error?.code == .protocolViolation)
    }

    @Test(arguments: [(0x21, 0x11, 4097), (0x20, 0x00, 0xffff)] as [(UInt8, UInt8, Int)])
    func headersThatClaimTooMuchAreRefusedBeforeItComes(_ command: UInt8, _ family: UInt8, _ length: Int) {
        #expect(throws: SSHError.self) { try Self.read(Self.version2(command, family, [], length: length)) }
    }

    @Test func partsOfAHeaderAreLeftAloneUntilItIsWhole() throws {
        let headers = [
            Array("PROXY TCP4 192.0.2.7 10.0.0.1 51234 22\r\n".utf8), Array("PROXY UNKNOWN\r\n".utf8),
            Self.version2(0x21, 0x11, Self.addresses4 + [3, 0, 1, 7]), Self.version2(0x20, 0, []),
        ]
        for bytes in headers {
            for count in 0..<bytes.count {
                var buffer = ByteBuffer(bytes: bytes[..<count])
                #expect(try ProxyHeader.read(from: &buffer) == nil)
                #expect(buffer.readableBytes == count)
            }
            var buffer = ByteBuffer(bytes: bytes + [0x0d])
            #expect(try ProxyHeader.read(from: &buffer) != nil)
            #expect(buffer.readableBytes == 1)
        }
    }

    @Test func whatIsWrittenIsVersion2() throws {
        let header = try Self.proxied("192.0.2.7", 51234, "10.0.0.1", 22)
        #expect(Array(buffer: header.version2) == Self.version2(0x21, 0x11, Self.addresses4))
        let header6 = try Self.proxied("2001:db8::7", 51234, "::1", 22)
        #expect(Array(buffer: header6.version2) == Self.version2(0x21, 0x21, Self.addresses6))
        #expect(Array(buffer: ProxyHeader.unnamed.version2) == Self.version2(0x21, 0x00, []))
    }

    @Test func addressesOfTwoFamiliesBecomeOne() throws {
        let mapped = try Self.proxied("::ffff:192.0.2.7", 51234, "10.0.0.1", 22)
        #expect(Array(buffer: mapped.version2) == Self.version2(0x21, 0x11, Self.addresses4))
        var mixed = try Self.proxied("192.0.2.7", 51234, "::1", 22).version2
        #expect(try ProxyHeader.read(from: &mixed) == Self.proxied("::ffff:192.0.2.7", 51234, "::1", 22))
        let unix = ProxyHeader.proxied(
            source: try SocketAddress(unixDomainSocketPath: "/x"),
            destination: try SocketAddress(ipAddress: "::1", port: 1)
        )
        #expect(unix.version2 == ProxyHeader.unnamed.version2)
    }
}
