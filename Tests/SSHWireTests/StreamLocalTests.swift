import NIOCore
import SSHWire
import Testing

/// The messages of OpenSSH's PROTOCOL §2.4, byte by byte.
struct StreamLocalTests {
    private static func string(_ bytes: [UInt8]) -> [UInt8] {
        [0, 0, 0, UInt8(bytes.count)] + bytes
    }

    private static func string(_ text: String) -> [UInt8] { Self.string(Array(text.utf8)) }

    private static let numbers: [UInt8] = [0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3]

    @Test func aDirectChannelHasItsPathAndTwoReservedFields() throws {
        let open = ChannelOpen(
            kind: .directStreamLocal(path: "/a"),
            senderChannel: 1,
            initialWindow: 2,
            maximumPacket: 3
        )
        #expect(
            open.payload().bytes
                == [90] + Self.string("direct-streamlocal@openssh.com") + Self.numbers
                + Self.string("/a") + Self.string("") + [0, 0, 0, 0]
        )
    }

    @Test func aForwardedChannelHasItsPathAndOneReservedField() throws {
        let open = ChannelOpen(
            kind: .forwardedStreamLocal(path: "/a"),
            senderChannel: 1,
            initialWindow: 2,
            maximumPacket: 3
        )
        #expect(
            open.payload().bytes
                == [90] + Self.string("forwarded-streamlocal@openssh.com") + Self.numbers
                + Self.string("/a") + Self.string("")
        )
    }

    @Test func whatReservedFieldsHoldIsNotLookedAt() throws {
        let bytes =
            [90] + Self.string("direct-streamlocal@openssh.com") + Self.numbers
            + Self.string("/a") + Self.string([0xff, 0]) + [1, 2, 3, 4]
        let open = try ChannelOpen(payload: WireReader(bytes: bytes))
        #expect(open.kind == .directStreamLocal(path: "/a"))
    }

    @Test func aPathThatIsNoUTF8NamesNothingThatExists() throws {
        let bytes = [80] + Self.string("streamlocal-forward@openssh.com") + [1] + Self.string([0x2f, 0xff])
        let request = try GlobalRequest(payload: WireReader(bytes: bytes))
        #expect(request.request == .streamLocalForward(path: "/\u{fffd}"))
    }

    @Test func aPathWithANULIsRefused() {
        let bytes = [80] + Self.string("streamlocal-forward@openssh.com") + [1] + Self.string([0x2f, 0x61, 0])
        #expect(throws: SSHError.self) { try GlobalRequest(payload: WireReader(bytes: bytes)) }
    }
}
