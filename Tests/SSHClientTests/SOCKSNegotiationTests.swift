import NIOCore
import SSHClient
import Testing

@Suite struct SOCKSNegotiationTests {
    private static func buffer(_ bytes: [UInt8]) -> ByteBuffer { ByteBuffer(bytes: bytes) }
    private static func text(_ text: String) -> [UInt8] { Array(text.utf8) }

    private static let greeting: [UInt8] = [5, 1, 0]
    private static let trailer = text("GET / HTTP/1.0\r\n")

    static let requests: [(name: String, bytes: [UInt8], host: String, port: UInt16)] = [
        ("4", [4, 1, 0, 80, 192, 0, 2, 7] + text("user") + [0], "192.0.2.7", 80),
        ("4, no user", [4, 1, 0, 80, 0, 0, 0, 0, 0], "0.0.0.0", 80),
        ("4a", [4, 1, 1, 187, 0, 0, 0, 1, 0] + text("example.org") + [0], "example.org", 443),
        ("5, IPv4", greeting + [5, 1, 0, 1, 127, 0, 0, 1, 0, 22], "127.0.0.1", 22),
        ("5, name", greeting + [5, 1, 0, 3, 11] + text("example.org") + [0, 22], "example.org", 22),
        (
            "5, longest name", [5, 2, 2, 0, 5, 1, 9, 3, 255] + text(String(repeating: "a", count: 255)) + [255, 255],
            String(repeating: "a", count: 255), 65535
        ),
        (
            "5, IPv6", greeting + [5, 1, 0, 4, 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 80],
            "2001:db8::1", 80
        ),
        ("5, any IPv6", greeting + [5, 1, 0, 4] + [UInt8](repeating: 0, count: 16) + [0, 80], "::", 80),
        (
            "5, IPv6 with one zero group",
            greeting + [5, 1, 0, 4, 0, 1, 0, 0, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 80],
            "1:0:1:1:1:1:1:1", 80
        ),
        (
            "5, IPv6 that ends in zeros",
            greeting + [5, 1, 0, 4, 0xfe, 0x80] + [UInt8](repeating: 0, count: 14) + [0, 80],
            "fe80::", 80
        ),
    ]

    /// Feeds pieces and gives the actions that are not `.needMore`.
    private static func run(_ pieces: [[UInt8]]) -> [SOCKSNegotiation.Action] {
        var negotiation = SOCKSNegotiation()
        var actions: [SOCKSNegotiation.Action] = []
        for piece in pieces {
            negotiation.receive(Self.buffer(piece))
            while true {
                let action = negotiation.next()
                if action == .needMore { break }
                actions.append(action)
            }
        }
        return actions
    }

    @Test(arguments: requests)
    func everyFormOfARequestIsUnderstoodHoweverItIsCut(
        name: String,
        bytes: [UInt8],
        host: String,
        port: UInt16
    ) throws {
        let whole = Self.run([bytes + Self.trailer])
        guard case .connect(let request) = whole.last else {
            Issue.record("\(name): \(whole)")
            return
        }
        #expect(request.host == host)
        #expect(request.port == port)
        #expect(request.remainder == Self.buffer(Self.trailer))
        if bytes.first == 5 { #expect(whole.first == .reply(Self.buffer([5, 0]))) }
        #expect(Self.run(bytes.map { [$0] }).count == whole.count)
        for cut in 1..<bytes.count {
            let actions = Self.run([Array(bytes[..<cut]), Array(bytes[cut...]) + Self.trailer])
            #expect(actions == whole, "\(name) cut at \(cut)")
        }
    }

    @Test(arguments: requests)
    func aRequestWithoutItsEndAsksForMoreAndHoldsLittle(name: String, bytes: [UInt8], host: String, port: UInt16) {
        #expect(bytes.count < SOCKSNegotiation.bufferLimit)
        for cut in 0..<bytes.count {
            #expect(!Self.run([Array(bytes[..<cut])]).contains { if case .reply = $0 { false } else { true } })
        }
    }

    static let refusals: [(bytes: [UInt8], reply: [UInt8])] = [
        ([4, 2, 0, 80, 1, 2, 3, 4, 0], [0, 0x5b, 0, 0, 0, 0, 0, 0]),  // BIND
        ([4, 1, 0, 0, 1, 2, 3, 4, 0], [0, 0x5b, 0, 0, 0, 0, 0, 0]),  // port 0
        ([4, 1, 0, 80, 0, 0, 0, 1, 0, 0], [0, 0x5b, 0, 0, 0, 0, 0, 0]),  // an empty name
        ([4, 1, 0, 80, 0, 0, 0, 1, 0, 0x1b, 0], [0, 0x5b, 0, 0, 0, 0, 0, 0]),  // a control character in a name
        ([4, 1, 0, 80, 1, 2, 3, 4] + [UInt8](repeating: 65, count: 256), [0, 0x5b, 0, 0, 0, 0, 0, 0]),  // long user
        ([4, 1, 0, 80, 0, 0, 0, 1, 0] + [UInt8](repeating: 65, count: 256), [0, 0x5b, 0, 0, 0, 0, 0, 0]),  // long name
        ([5, 0], [5, 0xff]),  // no methods at all
        ([5, 255] + (1...255).map { UInt8($0) }, [5, 0xff]),  // every method but "none"
        (greeting + [5, 2, 0, 1], [5, 7, 0, 1, 0, 0, 0, 0, 0, 0]),  // BIND
        (greeting + [5, 3, 0, 1], [5, 7, 0, 1, 0, 0, 0, 0, 0, 0]),  // UDP ASSOCIATE
        (greeting + [5, 1, 0, 2], [5, 8, 0, 1, 0, 0, 0, 0, 0, 0]),  // an unknown kind of address
        (greeting + [4, 1, 0, 1], [5, 1, 0, 1, 0, 0, 0, 0, 0, 0]),  // another version in the request
        (greeting + [5, 1, 0, 3, 0, 0, 80], [5, 1, 0, 1, 0, 0, 0, 0, 0, 0]),  // an empty name
        (greeting + [5, 1, 0, 3, 3, 97, 0, 98, 0, 80], [5, 1, 0, 1, 0, 0, 0, 0, 0, 0]),  // NUL in a name
        (greeting + [5, 1, 0, 1, 1, 2, 3, 4, 0, 0], [5, 1, 0, 1, 0, 0, 0, 0, 0, 0]),  // port 0
        ([0], []), ([6, 1, 0], []), (text("GET / HTTP/1.1\r\n\r\n"), []), ([22, 3, 1], []),
    ]

    @Test(arguments: refusals)
    func whatCannotBeServedGetsTheProperRefusal(bytes: [UInt8], reply: [UInt8]) {
        for pieces in [[bytes], bytes.map { [$0] }] {
            guard case .refuse(let bytes, let reason) = Self.run(pieces).last else {
                Issue.record("not refused: \(bytes)")
                return
            }
            #expect(bytes == Self.buffer(reply))
            #expect(!reason.isEmpty)
        }
    }

    @Test func nothingFollowsARefusal() {
        #expect(Self.run([[6], [5, 1, 0], [5, 1, 0, 1, 1, 2, 3, 4, 0, 80]]).count == 1)
    }

    @Test func repliesCarryTheVersionsOwnCodes() throws {
        func request(_ bytes: [UInt8]) throws -> SOCKSRequest {
            guard case .connect(let request) = Self.run([bytes]).last else { throw UnexpectedRequest() }
            return request
        }
        let four = try request([4, 1, 0, 80, 1, 2, 3, 4, 0])
        #expect(four.successReply() == Self.buffer([0, 0x5a, 0, 0, 0, 0, 0, 0]))
        #expect(four.failureReply(.connectionRefused) == Self.buffer([0, 0x5b, 0, 0, 0, 0, 0, 0]))
        let five = try request(Self.greeting + [5, 1, 0, 1, 1, 2, 3, 4, 0, 80])
        #expect(five.successReply() == Self.buffer([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]))
        for failure in SOCKSFailure.allCases {
            #expect(five.failureReply(failure) == Self.buffer([5, failure.rawValue, 0, 1, 0, 0, 0, 0, 0, 0]))
        }
        #expect(SOCKSFailure(channelOpenFailure: 1) == .notAllowed)
        #expect(SOCKSFailure(channelOpenFailure: 2) == .hostUnreachable)
        #expect(SOCKSFailure(channelOpenFailure: 99) == .general)
    }
}
