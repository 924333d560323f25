import NIOCore
import SSHCrypto
import SSHWire
import Testing

@testable import SSHProtocol

struct RekeyTests {
    private func keyChanges(_ events: [Event]) -> Int {
        events.count { if case .newKeys = $0 { true } else { false } }
    }

    @Test(arguments: [true, false], CipherAlgorithm.allCases)
    func bulkDataBothWaysSurvivesDozensOfRekeys(byClient: Bool, cipher: CipherAlgorithm) throws {
        let pair = try EnginePair(
            client: {
                $0.algorithms.ciphers = [cipher]
                if byClient { $0.rekeyLimit.bytes = 64 * 1024 }
            },
            server: { if !byClient { $0.rekeyLimit.bytes = 64 * 1024 } }
        )
        try pair.logIn()
        let id = try pair.openChannel()
        let data = [UInt8].pattern(3 * 1024 * 1024)
        pair.client.send(ByteBuffer(bytes: data), on: id)
        pair.server.send(ByteBuffer(bytes: data.reversed()), on: try #require(pair.serverChannel))
        pair.run()
        #expect(pair.receivedByServer[0] == data)
        #expect(pair.receivedByClient[0] == data.reversed())
        // The server looks at its limit when it has taken in what came at once, here up to a mebibyte.
        #expect(self.keyChanges(pair.serverEvents) > (byClient ? 24 : 3))
        #expect(pair.clientError == nil && pair.serverError == nil)
    }

    /// The session identifier stays that of the first key exchange, whatever hash made it.
    @Test(arguments: MACAlgorithm.allCases, [KeyExchangeAlgorithm.ecdhP384, .ecdhP521])
    func bulkDataSurvivesRekeysUnderEveryMAC(mac: MACAlgorithm, keyExchange: KeyExchangeAlgorithm) throws {
        let pair = try EnginePair(client: {
            $0.algorithms.ciphers = [.aes256CTR]
            $0.algorithms.macs = [mac]
            $0.algorithms.keyExchange = [keyExchange]
            $0.rekeyLimit.bytes = 64 * 1024
        })
        try pair.logIn()
        let id = try pair.openChannel()
        let data = [UInt8].pattern(1024 * 1024)
        pair.client.send(ByteBuffer(bytes: data), on: id)
        pair.run()
        #expect(pair.receivedByServer[0] == data)
        #expect(self.keyChanges(pair.serverEvents) > 4)
        #expect(pair.clientError == nil && pair.serverError == nil)
    }

    @Test func bothMayBeginAtOnce() throws {
        let pair = try EnginePair(cut: true)
        try pair.logIn()
        try pair.client.transport.startKeyExchange(now: pair.now)
        try pair.server.transport.startKeyExchange(now: pair.now)
        pair.run()
        #expect(self.keyChanges(pair.clientEvents) == 2 && self.keyChanges(pair.serverEvents) == 2)
        #expect(pair.clientError == nil && pair.serverError == nil)
    }

    @Test func timeAloneRenewsTheKeys() throws {
        let pair = try EnginePair()
        try pair.logIn()
        pair.now = pair.now + .minutes(61)
        try pair.client.advance(now: pair.now)
        pair.run()
        #expect(self.keyChanges(pair.clientEvents) == 2)
    }

    @Test func packetsAloneRenewTheKeys() throws {
        let pair = try EnginePair(client: { $0.rekeyLimit.packets = 10 })
        try pair.logIn()
        for _ in 0..<20 { try pair.send(Ping(data: ByteBuffer()), from: .client) }
        #expect(self.keyChanges(pair.clientEvents) > 1)
    }

    @Test func whatIsSaidDuringAKeyExchangeLeavesAfterItInOrder() throws {
        let pair = try EnginePair()
        try pair.logIn()
        try pair.client.transport.startKeyExchange(now: pair.now)
        for name in ["first", "second", "third"] {
            try pair.client.sendGlobalRequest(.other(name: name, data: ByteBuffer()), wantReply: false)
        }
        pair.run()
        let names = pair.serverEvents.compactMap { event -> String? in
            guard case .globalRequest(.other(let name, _), _) = event else { return nil }
            return name
        }
        #expect(names == ["first", "second", "third"])
    }

    @Test func aPeerThatNeverFinishesIsCutOff() throws {
        let pair = try EnginePair()
        try pair.logIn()
        try pair.server.transport.startKeyExchange(now: pair.now)
        _ = try pair.server.takeOutput(limit: 1 << 20, now: pair.now)
        let next = pair.server.nextDeadline
        let deadline = try #require(next)
        #expect(throws: SSHError.self) { try pair.server.advance(now: deadline) }
    }

    @Test func whatPilesUpDuringAKeyExchangeIsBounded() throws {
        let pair = try EnginePair(server: { $0.limits.bytesHeldByKeyExchange = 4096 })
        try pair.logIn()
        try pair.server.transport.startKeyExchange(now: pair.now)
        _ = try pair.server.takeOutput(limit: 1 << 20, now: pair.now)
        // The client never learns of the key exchange, and asks on and on.
        for _ in 0..<200 {
            let ping = Ping(data: ByteBuffer(bytes: [UInt8](repeating: 1, count: 100)))
            try pair.client.transport.send(ping)
        }
        pair.run()
        #expect(pair.serverError?.code == .limitExceeded)
    }

    @Test func dataFromAPeerThatHasBegunAKeyExchangeIsRefused() throws {
        let pair = try EnginePair()
        try pair.logIn()
        let id = try pair.openChannel()
        try pair.client.transport.transmitter.send(
            header: ByteBuffer(
                bytes: pair.client.transport.ownKeyExchangeInit.payload(cookie: [UInt8](repeating: 1, count: 16))
            ),
            body: ByteBuffer(),
            random: SeededRandom(seed: 1)
        )
        try pair.send(ChannelData(recipientChannel: id.number, data: ByteBuffer(string: "x")), from: .client)
        #expect(pair.serverError?.code == .protocolViolation)
        #expect(pair.receivedByServer[0] == nil)
    }

    @Test func anotherHostKeyInTheMiddleOfTheConnectionIsRejected() throws {
        let pair = try EnginePair()
        try pair.logIn()
        pair.client.transport.hostKey = [1]
        try pair.client.transport.startKeyExchange(now: pair.now)
        pair.run()
        #expect(pair.clientError?.code == .hostKeyRejected)
        #expect(self.keyChanges(pair.clientEvents) == 1)
    }

    /// RFC 4253 §7.2: it is the hash of the first key exchange.
    @Test func theSessionIdentifierStaysTheFirst() throws {
        let pair = try EnginePair()
        try pair.logIn()
        let before = [pair.client.sessionIdentifier, pair.server.sessionIdentifier]
        try pair.client.transport.startKeyExchange(now: pair.now)
        pair.run()
        #expect(self.keyChanges(pair.clientEvents) == 2)
        let after = [pair.client.sessionIdentifier, pair.server.sessionIdentifier]
        #expect(before == after)
    }

    /// The server sends next to nothing.
    @Test func bytesThatAreReceivedCountTowardsTheLimit() throws {
        let pair = try EnginePair(server: { $0.rekeyLimit.bytes = 64 * 1024 })
        try pair.logIn()
        let id = try pair.openChannel()
        pair.client.send(ByteBuffer(bytes: [UInt8].pattern(3 << 20)), on: id)
        pair.run()
        #expect(self.keyChanges(pair.serverEvents) > 1)
    }

    @Test func startingKeyExchangesInALoopIsRefused() throws {
        let pair = try EnginePair()
        try pair.logIn()
        for _ in 0..<100 where pair.serverError == nil {
            try pair.client.transport.startKeyExchange(now: pair.now)
            pair.run()
        }
        #expect(pair.serverError?.code == .limitExceeded)
    }

    @Test func aKeyExchangeEveryHourGoesOnForEver() throws {
        let pair = try EnginePair()
        try pair.logIn()
        for _ in 0..<100 {
            pair.now = pair.now + .minutes(61)
            try pair.client.advance(now: pair.now)
            pair.run()
        }
        #expect(pair.serverError == nil && pair.clientError == nil)
        #expect(self.keyChanges(pair.serverEvents) == 101)
    }
}
