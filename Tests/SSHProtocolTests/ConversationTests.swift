import NIOCore
import SSHWire
import Testing

@testable import SSHProtocol

struct ConversationTests {
    private func available(_ pair: EnginePair, _ id: ChannelID) -> UInt32? {
        pair.server.channels.update(id) { $0.receiveWindow.available }
    }

    @Test func bulkHasLittleUnderWayBesideAConversationAndAllAgainAfterIt() throws {
        let pair = try EnginePair()
        try pair.logIn()
        let bulk = try pair.openChannel()
        let bulkAtServer = try #require(pair.serverChannel)
        let conversation = try pair.openChannel()
        for _ in 0..<4 {
            pair.client.send(ByteBuffer(string: "key"), on: conversation)
            pair.client.send(ByteBuffer(repeating: 1, count: 1 << 20), on: bulk)
            pair.run()
        }
        let beside = try #require(self.available(pair, bulkAtServer))
        #expect(beside > 0 && beside <= 256 * 1024)
        pair.now = pair.now + .seconds(1)
        pair.client.send(ByteBuffer(repeating: 1, count: 1 << 20), on: bulk)
        pair.run()
        let afterwards = try #require(self.available(pair, bulkAtServer))
        #expect(afterwards >= 1 << 20)
        #expect(pair.serverError == nil && pair.clientError == nil)
    }

    /// A client that sends bulk to a server whose windows are as the test says, beside a conversation.
    private struct Sender {
        let pair: EnginePair
        let bulk: ChannelID
        let bulkAtServer: ChannelID
        let conversationAtServer: ChannelID

        init(peer: String) throws {
            self.pair = try EnginePair(server: {
                $0.softwareVersion = peer
                $0.limits.channelPacket = 32 * 1024
                $0.limits.channelWindow = 2 * 1024 * 1024
                $0.memoryBudget = ResourceBudget(limit: 1 << 40)
            })
            try self.pair.logIn()
            self.bulk = try self.pair.openChannel()
            self.bulkAtServer = try #require(self.pair.serverChannel)
            _ = try self.pair.openChannel()
            self.conversationAtServer = try #require(self.pair.serverChannel)
            self.pair.delivers = false
            self.send(100_000)
        }

        var arrived: Int { self.pair.receivedByServer[self.bulkAtServer.number, default: []].count }

        func send(_ count: Int) {
            self.pair.client.send(ByteBuffer(repeating: 1, count: count), on: self.bulk)
            self.pair.run()
        }

        func credit(_ count: UInt32) throws {
            try self.pair.send(
                ChannelWindowAdjust(recipientChannel: self.bulk.number, bytesToAdd: count),
                from: .server
            )
        }

        func converse() {
            self.pair.server.send(ByteBuffer(string: "key"), on: self.conversationAtServer)
            self.pair.run()
        }
    }

    @Test func bulkToOpenSSHWaitsForCreditBesideAConversation() throws {
        let sender = try Sender(peer: "OpenSSH_9.2p1")
        sender.converse()
        sender.send(1_000_000)
        #expect((256 * 1024..<300_000).contains(sender.arrived))
        let before = sender.arrived
        try sender.credit(100_000)
        #expect((80_000..<140_000).contains(sender.arrived - before))
        sender.pair.now = sender.pair.now + .seconds(1)
        try sender.credit(100_000)
        #expect(sender.arrived == 1_100_000)
        #expect(sender.pair.serverError == nil && sender.pair.clientError == nil)
    }

    @Test func bulkMakesNoWayForTheRequestThatItAnswers() throws {
        let pair = try EnginePair()
        try pair.logIn()
        let id = try pair.openChannel()
        let atServer = try #require(pair.serverChannel)
        pair.client.send(ByteBuffer(string: "get"), on: id)
        pair.run()
        pair.client.send(ByteBuffer(repeating: 1, count: 4 * 1024 * 1024), on: id)
        pair.run()
        let available = pair.server.channels.update(atServer) { $0.receiveWindow.available } ?? 0
        #expect(available >= 1024 * 1024)
    }

    @Test func bulkGoesOnAfterTheConversationWithoutCredit() throws {
        let sender = try Sender(peer: "OpenSSH_9.2p1")
        sender.converse()
        sender.send(1_000_000)
        #expect(sender.arrived < 300_000)
        let next = sender.pair.client.nextDeadline
        let deadline = try #require(next)
        sender.pair.now = deadline
        try sender.pair.client.advance(now: deadline)
        sender.pair.run()
        #expect(sender.arrived == 1_100_000)
    }

    /// It may give no credit before more has come than it may have.
    @Test func bulkToAnotherPeerWaitsForNothing() throws {
        let sender = try Sender(peer: "another_1.0")
        sender.converse()
        sender.send(1_000_000)
        #expect(sender.arrived == 1_100_000)
    }

    @Test func theShortEndOfAReadIsNoConversation() {
        var traffic = ReceivedTraffic()
        for count in [32_768, 32_768, 32_768, 100, 32_768] {
            traffic.receive(count)
            #expect(!traffic.isConversation)
        }
        for _ in 0..<12 { traffic.receive(64) }
        #expect(traffic.isConversation)
    }
}
