import NIOCore
import SSHCrypto
import SSHWire
import Testing

@testable import SSHProtocol

@Suite struct OwnKeyExchangeInitTests {
    private static func message(_ ciphers: [String], kex: [String] = ["curve25519-sha256"]) -> KeyExchangeInit {
        let cookie = [UInt8](repeating: 0, count: 16)
        return KeyExchangeInit(
            cookie: cookie,
            keyExchange: kex,
            hostKey: ["ssh-ed25519"],
            ciphers: ciphers,
            macs: ["hmac-sha2-256-etm@openssh.com"]
        )
    }

    private static func reader(_ message: KeyExchangeInit) -> WireReader {
        WireReader(message.payload().buffer)
    }

    private let own = OwnKeyExchangeInit(
        .server,
        Self.message(["chacha20-poly1305@openssh.com", "aes256-gcm@openssh.com"])
    )

    @Test func thePayloadIsTheMessageWithItsCookie() throws {
        let cookie = [UInt8](1...16)
        var message = Self.message(["chacha20-poly1305@openssh.com", "aes256-gcm@openssh.com"])
        message.cookie = cookie
        #expect(self.own.payload(cookie: cookie) == message.payload().bytes)
    }

    @Test func whatOnePeerOffersDoesNotDecideForTheNext() throws {
        let first = Self.message(["aes256-gcm@openssh.com"])
        let second = Self.message(
            ["chacha20-poly1305@openssh.com"],
            kex: ["curve25519-sha256", "kex-strict-c-v00@openssh.com"]
        )
        for _ in 0..<2 {
            var settled = try self.own.settle(with: Self.reader(first))
            #expect(settled.algorithms.clientToServer.cipher == .aes256GCM && !settled.isStrict)
            // The same again, but for its cookie.
            var again = first
            again.cookie = [UInt8](repeating: 7, count: 16)
            settled = try self.own.settle(with: Self.reader(again))
            #expect(settled.algorithms.clientToServer.cipher == .aes256GCM && !settled.isStrict)
            settled = try self.own.settle(with: Self.reader(second))
            #expect(settled.algorithms.clientToServer.cipher == .chacha20Poly1305 && settled.isStrict)
        }
    }

    @Test func aMessageThatIsCutOrLongerIsNoOther() throws {
        let message = Self.message(["aes256-gcm@openssh.com"])
        _ = try self.own.settle(with: Self.reader(message))
        let payload = message.payload().buffer
        for count in [0, 1, 16, 17, 18, payload.readableBytes - 1] {
            let cut = try #require(payload.getSlice(at: 0, length: count))
            #expect(throws: SSHError.self) { try self.own.settle(with: WireReader(cut)) }
        }
        var longer = payload
        longer.writeInteger(0, as: UInt8.self)
        #expect(throws: SSHError.self) { try self.own.settle(with: WireReader(longer)) }
    }

    @Test func noCommonAlgorithmIsFoundOutEachTime() {
        for _ in 0..<2 {
            #expect(throws: SSHError.self) { try self.own.settle(with: Self.reader(Self.message(["3des-cbc"]))) }
        }
    }
}
