import NIOCore
import SSHCrypto
import SSHWire
import Testing

@testable import SSHProtocol

/// Peers that answer after their own KEXINIT, under the old keys.
struct LateMessagesTests {
    private static let ping = Ping(data: ByteBuffer(repeating: 1, count: 100))

    /// A pair with one channel, number 0 on both sides.
    private func pair(
        isStrict: Bool = true,
        server: (inout EngineConfiguration) -> Void = { _ in }
    ) throws -> EnginePair {
        let pair = try EnginePair(server: server)
        try pair.logIn()
        _ = try pair.openChannel()
        // The first key exchange is over: what follows counts sequence numbers on, as without strict key exchange.
        pair.client.transport.isStrict = isStrict
        pair.server.transport.isStrict = isStrict
        return pair
    }

    /// One side begins a key exchange, and goes on under the old keys.
    private func sayLate(_ messages: [any WireMessage], from side: EnginePair.Side, _ pair: EnginePair) throws {
        switch side {
        case .client: try pair.client.transport.startKeyExchange(now: pair.now)
        case .server: try pair.server.transport.startKeyExchange(now: pair.now)
        }
        try self.seal(messages, from: side, pair)
    }

    private func seal(_ messages: [any WireMessage], from side: EnginePair.Side, _ pair: EnginePair) throws {
        let (random, none) = (SeededRandom(seed: 5), ByteBuffer())
        for message in messages {
            let payload = message.payload().buffer
            switch side {
            case .client: try pair.client.transport.transmitter.send(header: payload, body: none, random: random)
            case .server: try pair.server.transport.transmitter.send(header: payload, body: none, random: random)
            }
        }
    }

    private func keyChanges(_ events: [Event]) -> Int {
        events.count { if case .newKeys = $0 { true } else { false } }
    }

    /// Every kind of control message, the peer's first channel being number 0.
    private static var control: [any WireMessage] {
        let addresses = TunnelAddresses(host: "h", port: 1, originatorAddress: "o", originatorPort: 2)
        return [
            GlobalRequest(.other(name: "a", data: ByteBuffer()), wantReply: true),
            RequestFailure(),
            RequestSuccess(),
            ChannelOpenConfirmation(recipientChannel: 1, senderChannel: 7, initialWindow: 10, maximumPacket: 10),
            ChannelOpenFailure(recipientChannel: 2, reason: .connectFailed, message: ""),
            ChannelOpen(kind: .forwardedTCPIP(addresses), senderChannel: 9, initialWindow: 10, maximumPacket: 10),
            ChannelWindowAdjust(recipientChannel: 0, bytesToAdd: 3),
            ChannelRequest(recipientChannel: 0, name: "b", wantReply: true),
            ChannelSuccess(recipientChannel: 0),
            ChannelFailure(recipientChannel: 0),
            Self.ping,
            Pong(data: ByteBuffer()),
            ChannelEOF(recipientChannel: 0),
            ChannelClose(recipientChannel: 0),
        ]
    }

    @Test(arguments: [true, false])
    func aServerTakesRepliesAndControlMessagesUntilNewKeys(isStrict: Bool) throws {
        let pair = try self.pair(isStrict: isStrict)
        // What the replies answer.
        for _ in 0..<2 { pair.server.awaitedGlobalReplies.append(.keepalive) }
        for _ in 0..<2 { _ = pair.server.channels.insert(phase: .awaitingConfirmation, window: ReceiveWindow(size: 9)) }
        pair.server.channels.update(try #require(pair.serverChannel)) { $0.awaitedReplies = 2 }
        try self.sayLate(Self.control, from: .client, pair)
        pair.server.receive(try pair.client.takeOutput(limit: 1 << 20, now: pair.now), now: pair.now)
        var events: [Event] = []
        while let event = try pair.server.nextEvent(now: pair.now) { events.append(event) }
        self.expectControl(events)
    }

    @Test(arguments: [true, false])
    func aClientTakesRepliesAndControlMessagesUntilNewKeys(isStrict: Bool) throws {
        let pair = try self.pair(isStrict: isStrict)
        for _ in 0..<2 { pair.client.awaitedGlobalReplies.append(.keepalive) }
        let first = pair.client.channels.identifiers
        for _ in 0..<2 { _ = pair.client.channels.insert(phase: .awaitingConfirmation, window: ReceiveWindow(size: 9)) }
        for id in first { pair.client.channels.update(id) { $0.awaitedReplies = 2 } }
        try self.sayLate(Self.control, from: .server, pair)
        pair.client.receive(try pair.server.takeOutput(limit: 1 << 20, now: pair.now), now: pair.now)
        var events: [Event] = []
        while let event = try pair.client.nextEvent(now: pair.now) { events.append(event) }
        self.expectControl(events)
    }

    /// The exchange goes on to its end after that.
    @Test(arguments: [EnginePair.Side.client, .server], [true, false])
    func aKeyExchangeEndsAfterLateMessages(from side: EnginePair.Side, isStrict: Bool) throws {
        let pair = try self.pair(isStrict: isStrict)
        let late: [any WireMessage] = [Self.ping, ChannelWindowAdjust(recipientChannel: 0, bytesToAdd: 3)]
        try self.sayLate(late, from: side, pair)
        pair.run()
        #expect(pair.serverError == nil && pair.clientError == nil)
        #expect(self.keyChanges(pair.serverEvents) == 2 && self.keyChanges(pair.clientEvents) == 2)
    }

    private func expectControl(_ events: [Event]) {
        var seen: Set<String> = []
        for event in events {
            switch event {
            case .globalRequest(.other("a", _), .some): seen.insert("global request")
            case .channelConfirmed(let id) where id.number == 1: seen.insert("confirmation")
            case .channelRefused(let id, _, _) where id.number == 2: seen.insert("failure")
            case .channelOpen(_, .forwardedTCPIP(let addresses)) where addresses.host == "h": seen.insert("open")
            case .channelRequest(_, "b", _, .some): seen.insert("channel request")
            case .channelReply(_, success: true): seen.insert("success")
            case .channelReply(_, success: false): seen.insert("no success")
            case .channelEOF: seen.insert("EOF")
            case .channelCloseReceived: seen.insert("CLOSE")
            default: break
            }
        }
        #expect(
            seen == [
                "global request", "confirmation", "failure", "open", "channel request", "success", "no success", "EOF",
                "CLOSE",
            ]
        )
    }

    @Test func aPeerThatAnsweredTheKeyExchangeMayBeLateToo() throws {
        let pair = try self.pair()
        // The server begins; the client has answered with KEXINIT, and is late with what was asked before.
        try pair.server.transport.startKeyExchange(now: pair.now)
        pair.server.awaitedGlobalReplies.append(.keepalive)
        let output = try pair.server.takeOutput(limit: 1 << 20, now: pair.now)
        pair.client.receive(output, now: pair.now)
        while try pair.client.nextEvent(now: pair.now) != nil {}
        try self.seal([RequestFailure()], from: .client, pair)
        pair.run()
        #expect(pair.serverError == nil && pair.clientError == nil)
        #expect(self.keyChanges(pair.serverEvents) == 2)
    }

    @Test func ourAnswersWaitForOurNewKeysInOrder() throws {
        let pair = try self.pair()
        let late = ["a", "b", "c"].map {
            GlobalRequest(.other(name: $0, data: ByteBuffer()), wantReply: true)
        }
        try self.sayLate([Self.ping] + late, from: .client, pair)
        let sent = pair.server.transport.transmitter.packets
        let output = try pair.client.takeOutput(limit: 1 << 20, now: pair.now)
        pair.server.receive(output, now: pair.now)
        while let event = try pair.server.nextEvent(now: pair.now) {
            if case .globalRequest(_, .some(let reply)) = event {
                try pair.server.answerGlobalRequest(reply, success: nil)
            }
        }
        // KEXINIT, and nothing else.
        let sentNow = pair.server.transport.transmitter.packets
        #expect(sentNow == sent + 1)
        for _ in late { pair.client.awaitedGlobalReplies.append(.request(0)) }
        pair.run()
        #expect(pair.serverError == nil && pair.clientError == nil)
        #expect(pair.clientEvents.count { if case .globalReply = $0 { true } else { false } } == 3)
    }

    @Test(arguments: [EnginePair.Side.client, .server])
    func lateDataIsRefused(from side: EnginePair.Side) throws {
        let data = ByteBuffer(string: "x")
        let messages: [any WireMessage] = [
            ChannelData(recipientChannel: 0, data: data),
            ChannelExtendedData(recipientChannel: 0, type: 1, data: data),
        ]
        for message in messages {
            let pair = try self.pair()
            try self.sayLate([message], from: side, pair)
            pair.run()
            let error = side == .client ? pair.serverError : pair.clientError
            #expect(error?.code == .protocolViolation)
            #expect(pair.receivedByServer[0] == nil && pair.receivedByClient[0] == nil)
        }
    }

    @Test func whatBelongsToOtherProtocolsIsNotTakenLate() throws {
        let messages: [any WireMessage] = [
            ExtensionInfo(extensions: []), ServiceRequest(service: "ssh-userauth"),
            ServiceAccept(service: "ssh-userauth"), UserAuthenticationSuccess(),
        ]
        for message in messages {
            let pair = try self.pair()
            try self.sayLate([message], from: .client, pair)
            pair.run()
            #expect(pair.serverError?.code == .protocolViolation)
        }
    }

    @Test func lateMessagesAreBoundedInNumberAndBytes() throws {
        for (count, bytes) in [(5, 1 << 20), (1_000, 450)] {
            let pair = try self.pair {
                $0.limits.lateMessages = count
                $0.limits.bytesOfLateMessages = bytes
            }
            try self.sayLate([Pong](repeating: Pong(data: Self.ping.data), count: 4), from: .client, pair)
            pair.run()
            #expect(pair.serverError == nil)
            // They count anew in the next exchange.
            try self.sayLate([Pong](repeating: Pong(data: Self.ping.data), count: 6), from: .client, pair)
            pair.run()
            #expect(pair.serverError?.code == .limitExceeded)
        }
    }

    @Test(arguments: [true, false])
    func nothingIsTakenLateBeforeTheLogin(isStrict: Bool) throws {
        let pair = try self.pair(isStrict: isStrict)
        pair.server.transport.isAuthenticated = false
        try self.sayLate([Self.ping], from: .client, pair)
        pair.run()
        #expect(pair.serverError?.reason == "message 192 in the middle of a key exchange")
    }

    @Test(arguments: [true, false])
    func aSecondKeyExchangeInitInOneExchangeIsRefused(afterAWrongGuess: Bool) throws {
        let pair = try self.pair()
        var first = try KeyExchangeInit(
            payload: WireReader(
                ByteBuffer(
                    bytes: pair.client.transport.ownKeyExchangeInit.payload(cookie: [UInt8](repeating: 1, count: 16))
                )
            )
        )
        if afterAWrongGuess {
            first.firstKeyExchangePacketFollows = true
            first.hostKey = NameList(["rsa-sha2-512", "ssh-ed25519"])
        }
        try self.seal([first, first], from: .client, pair)
        pair.run()
        #expect(pair.serverError?.code == .protocolViolation)
    }

    // MARK: Asking less

    /// Keepalives that the client was asked, with the bytes that had come under the same keys.
    private func questions(_ pair: EnginePair) -> Int {
        pair.clientEvents.count {
            if case .globalRequest(.other(GlobalRequest.keepalive, _), _) = $0 { true } else { false }
        }
    }

    private func upload(_ count: Int, on id: ChannelID, _ pair: EnginePair) {
        for _ in 0..<count / (1 << 20) {
            pair.client.send(ByteBuffer(repeating: 1, count: 1 << 20), on: id)
            pair.run()
            pair.now = pair.now + .seconds(2)
        }
    }

    @Test func aPeerFarFromItsKeyExchangeIsAskedForItsDistance() throws {
        let pair = try self.pair()
        self.upload(8 << 20, on: try #require(pair.client.channels.identifiers.first), pair)
        #expect(self.questions(pair) > 4)
    }

    @Test func aPeerThatRenewsItsKeysOftenIsNotAskedForItsDistance() throws {
        let pair = try EnginePair(client: { $0.rekeyLimit.bytes = 1 << 20 })
        try pair.logIn()
        let id = try pair.openChannel()
        self.upload(4 << 20, on: id, pair)
        let before = self.questions(pair)
        self.upload(8 << 20, on: id, pair)
        #expect(self.questions(pair) == before)
        #expect(self.keyChanges(pair.serverEvents) > 8)
    }

    @Test func nobodyIsAskedForItsDistanceShortlyBeforeOurOwnKeyExchange() throws {
        let pair = try self.pair { $0.rekeyLimit.bytes = 4 << 20 }
        self.upload(8 << 20, on: try #require(pair.client.channels.identifiers.first), pair)
        #expect(self.questions(pair) == 0)
        #expect(self.keyChanges(pair.serverEvents) > 1)
    }

    @Test(arguments: [(UInt64(511) << 20, true), (1_023 << 20, true), (256 << 20, false), (800 << 20, false)])
    func anUnknownPeerMayRenewItsKeysWhereOthersDo(bytes: UInt64, isNear: Bool) {
        var limit = RekeyLimit()
        limit.bytes = 1 << 40
        let now = NIODeadline.uptimeNanoseconds(1)
        let schedule = RekeySchedule(limit: limit, limits: EngineLimits(), now: now)
        #expect(schedule.isNear(bytes: bytes, packets: 0, now: now) == isNear)
    }

    @Test func aPeerIsExpectedToBeginWhereItBeganBefore() throws {
        var limit = RekeyLimit()
        limit.bytes = 1 << 40
        let now = NIODeadline.uptimeNanoseconds(1)
        var schedule = RekeySchedule(limit: limit, limits: EngineLimits(), now: now)
        try schedule.countPeerStart(sent: 256 << 20, received: 7, now: now)
        schedule.end(now: now)
        #expect(schedule.isNear(bytes: 250 << 20, packets: 0, now: now))
        #expect(!schedule.isNear(bytes: 100 << 20, packets: 0, now: now))
        #expect(!schedule.isNear(bytes: 511 << 20, packets: 0, now: now))
    }

    @Test(arguments: [("paramiko_5.1.0", UInt64(448)), ("OpenSSH_9.2", 1_024)])
    func whoHangsInAKeyExchangeOfItsOwnIsForestalled(software: String, limit: UInt64) throws {
        let pair = try EnginePair(client: { $0.softwareVersion = software })
        try pair.logIn()
        let (before, mebibyte) = (pair.server.transport.rekeyLimit.bytes, UInt64(1) << 20)
        #expect(before == limit * mebibyte)
        // What the user's settings say counts if it is less.
        var own = RekeyLimit()
        for bytes in [4 * mebibyte, 4_096 * mebibyte] {
            own.bytes = bytes
            pair.server.apply(own, Keepalive(), now: pair.now)
            let applied = pair.server.transport.rekeyLimit.bytes
            #expect(applied == (limit == 448 ? min(bytes, limit * mebibyte) : bytes))
        }
    }

    @Test func noSignOfLifeIsAskedForDuringAKeyExchange() throws {
        let pair = try self.pair { $0.keepalive = Keepalive(interval: .seconds(1), countMaximum: 3) }
        try pair.server.transport.startKeyExchange(now: pair.now)
        for _ in 0..<3 {
            pair.now = pair.now + .seconds(1)
            try pair.server.advance(now: pair.now)
        }
        let asked = pair.server.awaitedGlobalReplies.count
        #expect(asked == 0)
        // But a peer that stays silent is gone after as long as otherwise.
        pair.now = pair.now + .seconds(1)
        #expect(throws: SSHError.self) { try pair.server.advance(now: pair.now) }
    }
}
