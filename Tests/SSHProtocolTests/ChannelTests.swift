import NIOCore
import SSHCrypto
import SSHWire
import Testing

@testable import SSHProtocol

struct ChannelTests {
    private func loggedIn(window: UInt32 = 2 << 20) throws -> (EnginePair, ChannelID) {
        let pair = try EnginePair(server: { $0.limits.channelWindow = window })
        try pair.logIn()
        return (pair, try pair.openChannel())
    }

    private func isClosed(_ events: [Event]) -> Bool {
        events.contains { if case .channelClosed = $0 { true } else { false } }
    }

    @Test func halfCloseKeepsTheOtherWayOpen() throws {
        let (pair, id) = try self.loggedIn()
        pair.client.send(ByteBuffer(string: "question"), on: id)
        try pair.client.sendEOF(on: id)
        pair.run()
        #expect(pair.serverEvents.contains { if case .channelEOF = $0 { true } else { false } })
        let server = try #require(pair.serverChannel)
        pair.server.send(ByteBuffer(bytes: [UInt8].pattern(500_000)), on: server)
        try pair.server.sendEOF(on: server)
        try pair.server.closeChannel(server)
        pair.run()
        #expect(pair.receivedByClient[0] == [UInt8].pattern(500_000))
        #expect(self.isClosed(pair.clientEvents) && self.isClosed(pair.serverEvents))
        #expect(pair.clientError == nil && pair.serverError == nil)
    }

    @Test func noMoreLeavesThanTheWindowAllowsUntilItIsDelivered() throws {
        let (pair, id) = try self.loggedIn(window: 10_000)
        pair.delivers = false
        pair.client.send(ByteBuffer(bytes: [UInt8].pattern(25_000)), on: id)
        pair.run()
        #expect(pair.receivedByServer[0]?.count == 10_000)
        let isThrottled = pair.client.throttle(id)
        #expect(isThrottled)
        let server = try #require(pair.serverChannel)
        pair.delivers = true
        try pair.server.delivered(10_000, on: server, now: pair.now)
        pair.run()
        #expect(pair.receivedByServer[0] == [UInt8].pattern(25_000))
        #expect(pair.clientEvents.contains { if case .channelWritable = $0 { true } else { false } })
    }

    @Test func standardErrorLeavesAsExtendedDataAndHeedsTheWindow() throws {
        let pair = try EnginePair(client: { $0.limits.channelWindow = 5 })
        try pair.logIn()
        pair.delivers = false
        let id = try pair.openChannel()
        let server = try #require(pair.serverChannel)
        pair.server.sendStandardError(on: server)
        pair.server.send(ByteBuffer(string: "a sentence"), on: server)
        try pair.server.closeChannel(server)
        pair.run()
        #expect(self.standardError(pair.clientEvents) == "a sen")
        try pair.client.delivered(5, on: id, now: pair.now)
        pair.run()
        #expect(self.standardError(pair.clientEvents) == "a sentence")
        #expect(pair.clientEvents.contains { if case .channelCloseReceived = $0 { true } else { false } })
        #expect(!pair.clientEvents.contains { if case .channelData = $0 { true } else { false } })
    }

    private func standardError(_ events: [Event]) -> String {
        events.map { event in
            guard case .channelExtendedData(_, ChannelExtendedData.standardError, let data) = event else { return "" }
            return String(buffer: data)
        }.joined()
    }

    @Test func dataBeyondTheWindowIsRefused() throws {
        let (pair, _) = try self.loggedIn(window: 100)
        pair.delivers = false
        try pair.send(ChannelData(recipientChannel: 0, data: ByteBuffer(repeating: 1, count: 101)), from: .client)
        #expect(pair.serverError?.code == .protocolViolation)
    }

    @Test func dataBeyondThePacketSizeIsRefused() throws {
        let pair = try EnginePair(server: { $0.limits.channelPacket = 100 })
        try pair.logIn()
        _ = try pair.openChannel()
        try pair.send(ChannelData(recipientChannel: 0, data: ByteBuffer(repeating: 1, count: 100)), from: .client)
        #expect(pair.serverError == nil)
        try pair.send(ChannelData(recipientChannel: 0, data: ByteBuffer(repeating: 1, count: 101)), from: .client)
        #expect(pair.serverError?.code == .protocolViolation)
    }

    @Test func anAdjustmentBeyond32BitsIsRefused() throws {
        let (pair, _) = try self.loggedIn()
        try pair.send(ChannelWindowAdjust(recipientChannel: 0, bytesToAdd: .max), from: .client)
        #expect(pair.serverError?.code == .protocolViolation)
    }

    @Test func aPacketSizeOfZeroIsRefused() throws {
        let pair = try EnginePair()
        try pair.logIn()
        let open = ChannelOpen(kind: .session, senderChannel: 5, initialWindow: 1, maximumPacket: 0)
        try pair.send(open, from: .client)
        #expect(pair.serverChannel == nil)
        // The client never opened channel 5: the refusal is the end of it.
        #expect(pair.clientError?.code == .protocolViolation)
    }

    @Test func aPacketSizeOfOneMovesByteByByte() throws {
        let pair = try EnginePair(server: { $0.limits.channelPacket = 1 })
        try pair.logIn()
        let id = try pair.openChannel()
        pair.client.send(ByteBuffer(string: "slow but sure"), on: id)
        pair.run()
        #expect(pair.receivedByServer[0] == Array("slow but sure".utf8))
    }

    /// Its number is a guess: whoever guesses would leave us with a socket for a channel that nobody has.
    @Test func aChannelCannotBeClosedBeforeItIsConfirmed() throws {
        let pair = try EnginePair()
        try pair.logIn()
        pair.confirmsChannels = false
        let open = ChannelOpen(kind: .session, senderChannel: 5, initialWindow: 1, maximumPacket: 1)
        try pair.send(open, from: .client)
        try pair.send(ChannelClose(recipientChannel: 0), from: .client)
        #expect(pair.serverError?.code == .protocolViolation)
    }

    @Test(arguments: [16 * 1024, 48 * 1024])
    func aPacketIsNoLargerThanWhatMayBeSealedAhead(limit: Int) throws {
        let pair = try EnginePair()
        try pair.logIn()
        let id = try pair.openChannel()
        pair.client.send(ByteBuffer(repeating: 1, count: 200_000), on: id)
        let sealed = try pair.client.takeOutput(limit: limit, now: pair.now).readableBytes
        #expect((limit..<limit + 100).contains(sealed))
    }

    @Test(arguments: [UInt32(1), 1_000, .max])
    func everyMessageForAChannelThatIsNotOpenIsRefused(number: UInt32) throws {
        let messages: [any WireMessage] = [
            ChannelData(recipientChannel: number, data: ByteBuffer(string: "x")),
            ChannelExtendedData(recipientChannel: number, type: 1, data: ByteBuffer(string: "x")),
            ChannelEOF(recipientChannel: number),
            ChannelClose(recipientChannel: number),
            ChannelRequest(recipientChannel: number, name: "shell", wantReply: true),
            ChannelSuccess(recipientChannel: number),
            ChannelFailure(recipientChannel: number),
            ChannelOpenFailure(recipientChannel: number, reason: .connectFailed, message: ""),
            ChannelOpenConfirmation(recipientChannel: number, senderChannel: 0, initialWindow: 1, maximumPacket: 1),
        ]
        for message in messages {
            let (pair, _) = try self.loggedIn()
            try pair.send(message, from: .client)
            #expect(pair.serverError?.code == .protocolViolation, "\(message)")
        }
    }

    @Test func creditThatComesAfterTheChannelsEndMeansNothing() throws {
        let (pair, id) = try self.loggedIn()
        try pair.client.closeChannel(id)
        try pair.server.closeChannel(try #require(pair.serverChannel))
        pair.run()
        try pair.send(ChannelWindowAdjust(recipientChannel: 0, bytesToAdd: 1), from: .client)
        #expect(pair.serverError == nil)
    }

    /// Its window would never open again, and the channel never close.
    @Test func whatIsSentToAPeerThatHasClosedIsDropped() throws {
        let pair = try EnginePair(client: { $0.limits.channelWindow = 10 })
        try pair.logIn()
        let id = try pair.openChannel()
        let server = try #require(pair.serverChannel)
        pair.closesChannels = false
        try pair.client.closeChannel(id)
        pair.run()
        pair.server.send(ByteBuffer(repeating: 1, count: 20), on: server)
        try pair.server.closeChannel(server)
        pair.run()
        #expect(self.isClosed(pair.clientEvents) && self.isClosed(pair.serverEvents))
    }

    @Test func whatIsQueuedForAPeerThatClosesIsDropped() throws {
        let pair = try EnginePair(client: { $0.limits.channelWindow = 10 })
        try pair.logIn()
        let id = try pair.openChannel()
        let server = try #require(pair.serverChannel)
        pair.delivers = false
        pair.server.send(ByteBuffer(repeating: 1, count: 20), on: server)
        pair.run()
        try pair.client.closeChannel(id)
        pair.run()
        #expect(self.isClosed(pair.clientEvents) && self.isClosed(pair.serverEvents))
    }

    @Test(arguments: [
        Array(repeating: UInt8(0x61), count: 5000), Array("ung\u{fc}ltig".unicodeScalars.map { UInt8($0.value) }),
    ])
    func remarkOfARefusalMayBeAnything(_ text: [UInt8]) throws {
        let pair = try EnginePair()
        try pair.logIn()
        pair.confirmsChannels = false
        let opened = try pair.client.openChannel(.session)
        let id = try #require(opened)
        pair.run()
        var message = WireWriter()
        message.writeByte(MessageNumber.channelOpenFailure.rawValue)
        message.writeUInt32(id.number)
        message.writeUInt32(2)
        message.writeString(text)
        message.writeText("")
        try pair.send(payload: message.buffer, from: .server)
        #expect(pair.clientError == nil)
        #expect(pair.clientEvents.contains { if case .channelRefused = $0 { true } else { false } })
    }

    @Test func dataAfterEOFIsRefused() throws {
        let (pair, id) = try self.loggedIn()
        try pair.client.sendEOF(on: id)
        pair.run()
        try pair.send(ChannelData(recipientChannel: 0, data: ByteBuffer(string: "x")), from: .client)
        #expect(pair.serverError?.code == .protocolViolation)
    }

    @Test func aSecondConfirmationIsRefused() throws {
        let (pair, id) = try self.loggedIn()
        let again = ChannelOpenConfirmation(
            recipientChannel: id.number,
            senderChannel: 0,
            initialWindow: 1,
            maximumPacket: 1
        )
        try pair.send(again, from: .server)
        #expect(pair.clientError?.code == .protocolViolation)
    }

    @Test func repliesNobodyAskedForAreRefused() throws {
        let messages: [any WireMessage] = [RequestSuccess(), RequestFailure(), ChannelSuccess(recipientChannel: 0)]
        for message in messages {
            let (pair, _) = try self.loggedIn()
            try pair.send(message, from: .client)
            #expect(pair.serverError?.code == .protocolViolation)
        }
    }

    @Test func thereAreNoMoreChannelsThanTheLimit() throws {
        let pair = try EnginePair(server: { $0.limits.channels = 8 })
        try pair.logIn()
        for _ in 0..<20 { _ = try pair.openChannel() }
        #expect(pair.server.channelCount == 8)
        let refusals = pair.clientEvents.count {
            if case .channelRefused(_, .resourceShortage, _) = $0 { true } else { false }
        }
        #expect(refusals == 12)
        #expect(pair.clientError == nil && pair.serverError == nil)
    }

    @Test func aNumberThatIsUsedAgainDoesNotReachTheOldName() throws {
        let (pair, old) = try self.loggedIn()
        try pair.client.closeChannel(old)
        pair.run()
        let new = try pair.openChannel()
        #expect(new.number == old.number && new != old)
        pair.client.send(ByteBuffer(string: "stale"), on: old)
        try pair.client.abortChannel(old)
        pair.client.send(ByteBuffer(string: "fresh"), on: new)
        pair.run()
        #expect(pair.receivedByServer[0] == Array("fresh".utf8))
        #expect(pair.server.channelCount == 1)
    }

    @Test func whatIsQueuedLeavesBeforeTheClose() throws {
        let (pair, id) = try self.loggedIn()
        pair.client.send(ByteBuffer(bytes: [UInt8].pattern(300_000)), on: id)
        try pair.client.closeChannel(id)
        pair.run()
        #expect(pair.receivedByServer[0] == [UInt8].pattern(300_000))
        #expect(self.isClosed(pair.clientEvents))
    }

    @Test func channelsTakeTurns() throws {
        let (pair, first) = try self.loggedIn()
        let second = try pair.openChannel()
        pair.client.send(ByteBuffer(repeating: 1, count: 1 << 20), on: first)
        pair.client.send(ByteBuffer(repeating: 2, count: 1000), on: second)
        pair.collectOutput()
        pair.run()
        let order = pair.serverEvents.compactMap { event -> UInt32? in
            if case .channelData(let id, _) = event { id.number } else { nil }
        }
        #expect(order.firstIndex(of: second.number) == 1)
    }
}
