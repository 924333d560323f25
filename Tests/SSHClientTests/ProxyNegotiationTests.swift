import NIOCore
import SSHWire
import Testing

@testable import SSHClient

struct ProxyNegotiationTests {
    private static let login = ProxyServer.Login(user: "joe", password: "secret")
    private static let success: [UInt8] = [5, 0, 0, 1, 0, 0, 0, 0, 0, 0]
    private static let ident = Array("SSH-2.0-x\r\n".utf8)

    private struct Talk {
        var sent: [[UInt8]] = []
        var rest: [UInt8]?
        var failure: SSHError?
    }

    /// What we say and what comes of it when the proxy says this, cut into pieces of one length.
    private func talk(
        _ negotiation: any ProxyNegotiation,
        _ answer: [UInt8],
        pieces: Int
    ) -> Talk {
        var negotiation = negotiation
        var talk = Talk()
        talk.sent.append(Array(negotiation.start().readableBytesView))
        var answer = answer[...]
        while !answer.isEmpty, talk.failure == nil {
            if talk.rest != nil {
                talk.rest?.append(contentsOf: answer)
                break
            }
            let piece = ByteBuffer(bytes: answer.prefix(pieces))
            answer = answer.dropFirst(pieces)
            do {
                switch try negotiation.receive(piece) {
                case .needMore: break
                case .send(let bytes): talk.sent.append(Array(bytes.readableBytesView))
                case .connected(let rest): talk.rest = Array(rest.readableBytesView)
                }
            } catch {
                talk.failure = error as? SSHError
            }
        }
        return talk
    }

    private func socks(_ host: String = "relay.example.org", login: ProxyServer.Login? = nil) throws
        -> any ProxyNegotiation
    {
        try ProxyServer(.socks5, host: "proxy", login: login).negotiation(to: host, port: 2222)
    }

    private func http(_ host: String = "relay.example.org", login: ProxyServer.Login? = nil) throws
        -> any ProxyNegotiation
    {
        try ProxyServer(.http, host: "proxy", login: login).negotiation(to: host, port: 2222)
    }

    // MARK: SOCKS 5

    @Test(arguments: [1, 2, 3])
    func socksWithALoginInPieces(pieces: Int) throws {
        let talk = self.talk(
            try self.socks(login: Self.login),
            [5, 2, 1, 0] + Self.success + Self.ident,
            pieces: pieces
        )
        #expect(talk.failure == nil)
        #expect(talk.sent.count == 3)
        #expect(talk.sent.first == [5, 2, 0, 2])
        #expect(talk.sent.dropFirst().first == [1, 3] + Array("joe".utf8) + [6] + Array("secret".utf8))
        #expect(talk.sent.last == [5, 1, 0, 3, 17] + Array("relay.example.org".utf8) + [0x08, 0xae])
        #expect(talk.rest == Self.ident)
    }

    @Test func socksNamesAreSentUnresolvedAndAddressesAsAddresses() throws {
        let answer: [UInt8] = [5, 0]
        #expect(
            self.talk(try self.socks("192.0.2.1"), answer, pieces: 9).sent.last == [5, 1, 0, 1, 192, 0, 2, 1, 8, 174]
        )
        #expect(self.talk(try self.socks("::1"), answer, pieces: 9).sent.last?.prefix(4) == [5, 1, 0, 4])
        #expect(throws: SSHError.self) { try self.socks(String(repeating: "a", count: 256)) }
        #expect(throws: SSHError.self) { try self.socks("two words") }
    }

    @Test(arguments: [
        [5, 0, 5, 0, 0, 3, 3, 1, 2, 3, 0, 0], [5, 0, 5, 0, 0, 3, 0, 0, 0],
        [5, 0, 5, 0, 0, 4] + [UInt8](repeating: 7, count: 18),
    ])
    func socksAnswersWithAnyKindOfAddressAreReadToTheirEnd(answer: [UInt8]) throws {
        for pieces in 1...answer.count {
            // The method and the rest never come in one piece from a proxy that waits for the request.
            let talk = self.talk(try self.socks(), answer + Self.ident, pieces: pieces <= 2 ? pieces : 2)
            #expect(talk.rest == Self.ident && talk.failure == nil)
        }
        for length in 0..<answer.count {
            #expect(self.talk(try self.socks(), Array(answer.prefix(length)), pieces: 1).rest == nil)
        }
    }

    @Test(
        arguments: [
            ([4, 0], .connectionLost), ([5, 0xff], .authenticationFailed), ([5, 2], .connectionLost),
            ([5, 1], .connectionLost), ([5, 0, 4], .connectionLost), ([5, 0, 5, 2], .forwardingFailed),
            ([5, 0, 5, 4], .connectionLost), ([5, 0, 5, 5], .connectionLost), ([5, 0, 5, 99], .connectionLost),
            ([5, 0, 5, 0, 0, 9], .connectionLost), (Array("SSH-2.0-OpenSSH\r\n".utf8), .connectionLost),
        ] as [([UInt8], SSHError.Code)]
    )
    func socksRefusalsHaveCodes(answer: [UInt8], code: SSHError.Code) throws {
        for pieces in [1, 2] {
            let talk = self.talk(try self.socks(), answer, pieces: pieces)
            #expect(talk.failure?.code == code && talk.rest == nil, "\(answer)")
        }
    }

    @Test func socksLoginsThatAreRefusedSayNothingOfThePassword() throws {
        let talk = self.talk(try self.socks(login: Self.login), [5, 2, 1, 1], pieces: 2)
        #expect(talk.failure?.code == .authenticationFailed)
        #expect(talk.failure?.reason.contains("secret") == false)
    }

    // MARK: HTTP

    @Test(arguments: [1, 2, 7, 1000])
    func httpWithALoginInPieces(pieces: Int) throws {
        let answer = Array("HTTP/1.0 200 Connection established\r\nContent-Length: 9\r\n\r\n".utf8)
        let talk = self.talk(try self.http(login: Self.login), answer + Self.ident, pieces: pieces)
        #expect(talk.rest == Self.ident && talk.failure == nil)
        let request = String(decoding: try #require(talk.sent.first), as: UTF8.self)
        #expect(
            request == """
                CONNECT relay.example.org:2222 HTTP/1.1\r
                Host: relay.example.org:2222\r
                Proxy-Authorization: Basic am9lOnNlY3JldA==\r
                \r

                """
        )
        for length in 0..<answer.count {
            let part = self.talk(try self.http(), Array(answer.prefix(length)), pieces: 1)
            #expect(part.rest == nil && part.failure == nil)
        }
    }

    @Test func httpTakesLinesThatEndWithoutACarriageReturn() throws {
        let talk = self.talk(try self.http("::1"), Array("HTTP/1.1 200\nVia: x\n\n".utf8) + Self.ident, pieces: 5)
        #expect(talk.rest == Self.ident)
        #expect(String(decoding: talk.sent[0], as: UTF8.self).hasPrefix("CONNECT [::1]:2222 HTTP/1.1\r\n"))
    }

    @Test(
        arguments: [
            ("HTTP/1.1 407 Who?\r\n\r\n", .authenticationFailed), ("HTTP/1.1 401 Who?\r\n\r\n", .authenticationFailed),
            ("HTTP/1.1 403 No\r\n\r\n", .forwardingFailed),
            ("HTTP/1.1 502 No\r\n\r\n", .connectionLost), ("HTTP/1.1 504 No\r\n\r\n", .connectionLost),
            ("HTTP/1.1 301 There\r\n\r\n", .forwardingFailed), ("HTTP/1.1 2000 x\r\n\r\n", .connectionLost),
            ("HTTP/1.1 +20 x\r\n\r\n", .connectionLost), ("HTTP/1.1\r\n\r\n", .connectionLost),
            ("HTTP/2 200\r\n\r\n", .connectionLost), ("SSH-2.0-OpenSSH_9\r\n", .connectionLost),
            ("\r\n\r\n", .connectionLost),
        ] as [(String, SSHError.Code)]
    )
    func httpRefusalsHaveCodes(answer: String, code: SSHError.Code) throws {
        for pieces in [1, 3, 1000] {
            let talk = self.talk(try self.http(), Array(answer.utf8), pieces: pieces)
            #expect(talk.failure?.code == code && talk.rest == nil, "\(answer)")
        }
    }

    @Test func httpHeadsThatNeverEndAreCutOff() throws {
        let endless = Array("HTTP/1.1 200 OK\r\n".utf8) + [UInt8](repeating: UInt8(ascii: "a"), count: 20_000)
        #expect(self.talk(try self.http(), endless, pieces: 4096).failure?.code == .connectionLost)
    }

    @Test func noHostBecomesASecondHeaderLine() {
        #expect(throws: SSHError.self) { try self.http("a\r\nX: y") }
    }
}
