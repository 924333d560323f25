import NIOCore
import NIOPosix
import Testing

@testable import SSHForwarding

struct SocketOptionsTests {
    @Test(arguments: [false, true])
    func acceptedSocketsHaveTheOptionsOfTheListener(keepalive: Bool) async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let accepted = group.next().makePromise(of: [Bool].self)
        let listener = try await SocketOptions.connection(ServerBootstrap(group: group), keepalive: keepalive) {
            channel in
            let options = try #require(channel.syncOptions)
            accepted.succeed([
                try options.getOption(.tcpOption(.tcp_nodelay)) != 0,
                try options.getOption(.socketOption(.so_keepalive)) != 0,
            ])
        }
        .bind(host: "127.0.0.1", port: 0).get()
        let address = try #require(listener.localAddress)
        let client = try await ClientBootstrap(group: group).connect(to: address).get()
        #expect(try await accepted.futureResult.get() == [true, keepalive])
        try await client.close()
        try await listener.close()
        try await group.shutdownGracefully()
    }
}
