import NIOCore
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
