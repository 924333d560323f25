import NIOCore
import SSHCrypto
import SSHWire
import Testing

@testable import SSHProtocol

struct LoginBeginningTests {
    private static func announcing() throws -> EnginePair {
        let pair = try EnginePair(server: { $0.announcesLogin = true })
        pair.run()
        return pair
    }

    private static func beginnings(_ pair: EnginePair) -> [String] {
        pair.serverEvents.compactMap { if case .loginBegins(let user) = $0 { user } else { nil } }
    }

    @Test func nothingIsAnsweredBeforeTheLoginBegins() throws {
        let pair = try Self.announcing()
        #expect(Self.beginnings(pair) == ["alice"])
        #expect(!pair.serverIsAuthenticated)
        let (isWaiting, failures) = (
            pair.server.isAwaitingDecision,
            pair.clientEvents.count { if case .authenticationFailed = $0 { true } else { false } }
        )
        #expect(isWaiting)
        #expect(failures == 0)
        try pair.server.beginLogin()
        try pair.logIn()
        #expect(Self.beginnings(pair) == ["alice"])
    }

    @Test func aBannerComesBeforeTheFirstAnswer() throws {
        let pair = try Self.announcing()
        pair.authorizes = { _ in false }
        try pair.server.sendBanner(ByteBuffer(string: "hello\n"))
        try pair.server.beginLogin()
        pair.run()
        let order = pair.clientEvents.compactMap { event -> String? in
            switch event {
            case .banner(let text): String(buffer: text)
            case .authenticationFailed: "failed"
            default: nil
            }
        }
        #expect(order.first == "hello\n")
        #expect(order.count { $0 == "hello\n" } == 1)
    }

    @Test func aBannerHasItsPlaceInALoginAlone() throws {
        let text = ByteBuffer(string: "x")
        let pair = try EnginePair(server: { $0.announcesLogin = true })
        #expect(throws: SSHError.self) { try pair.server.sendBanner(text) }
        #expect(throws: SSHError.self) { try pair.server.beginLogin() }
        pair.run()
        #expect(throws: SSHError.self) { try pair.client.sendBanner(text) }
        #expect(throws: SSHError.self) { try pair.client.beginLogin() }
        #expect(throws: SSHError.self) {
            try pair.server.sendBanner(ByteBuffer(repeating: 0x20, count: EngineLimits.banner + 1))
        }
        try pair.server.beginLogin()
        try pair.logIn()
        #expect(throws: SSHError.self) { try pair.server.sendBanner(text) }
        #expect(throws: SSHError.self) { try pair.server.beginLogin() }
    }

    @Test func theLongestBannerArrives() throws {
        let pair = try Self.announcing()
        let text = ByteBuffer(repeating: 0x20, count: EngineLimits.banner)
        #expect(try Self.pieces(of: text, pair).map(\.readableBytes).reduce(0, +) == EngineLimits.banner)
        #expect(pair.serverIsAuthenticated)
    }

    /// The messages of a banner, as the client gets them; then it logs in.
    private static func pieces(of text: ByteBuffer, _ pair: EnginePair) throws -> [ByteBuffer] {
        try pair.server.sendBanner(text)
        try pair.server.beginLogin()
        try pair.logIn()
        return pair.clientEvents.compactMap { if case .banner(let text) = $0 { text } else { nil } }
    }

    @Test func aLongBannerIsSentInPiecesThatEveryClientTakes() throws {
        func isSent(_ text: String, _ lengths: [Int]) throws {
            let pieces = try Self.pieces(of: ByteBuffer(string: text), try Self.announcing())
            #expect(pieces.map(\.readableBytes) == lengths)
            let isWhole = pieces.map { String(buffer: $0) }.joined() == text
            #expect(isWhole)
        }
        try isSent(String(repeating: "x", count: 32_000), [32_000])
        try isSent(String(repeating: "x", count: 32_001), [32_000, 1])
        // Lines stay whole.
        try isSent(String(repeating: "nine bytes".dropLast() + "\n", count: 3_300), [32_000, 1_000])
        try isSent(
            String(repeating: "x", count: 31_000) + "\n" + String(repeating: "y", count: 2_000),
            [31_001, 2_000]
        )
        // Or else characters do.
        try isSent("x" + String(repeating: "ü", count: 16_000), [31_999, 2])
        try isSent("xx" + String(repeating: "🙂", count: 8_000), [31_998, 4])
    }

    @Test func aBannerThatIsNoTextIsCutAnywhere() throws {
        let text = ByteBuffer(repeating: 0x80, count: 32_001)
        #expect(try Self.pieces(of: text, try Self.announcing()).map(\.readableBytes) == [32_000, 1])
    }

    @Test func aSecondRequestBeforeTheAnswerWaitsItsTurn() throws {
        let pair = try Self.announcing()
        try pair.send(UserAuthenticationRequest(user: "alice", method: .none), from: .client)
        #expect(Self.beginnings(pair) == ["alice"])
        #expect(pair.serverError == nil)
        try pair.server.beginLogin()
        pair.run()
        #expect(pair.serverIsAuthenticated)
    }
}
