import NIOCore
import NIOPosix
import SSHCrypto
import SSHProtocol
import SSHWire

@testable import SSHForwarding

/// A client's and a server's connection over a real socket on loopback, on one event loop. The server dials whatever it is
/// asked to.
final class LoopbackPair: Sendable {
    let eventLoop: any EventLoop
    private let group: MultiThreadedEventLoopGroup
    private let client: NIOLoopBoundBox<ConnectionHandler?>
    private let listener: any Channel

    private init(group: MultiThreadedEventLoopGroup, client: NIOLoopBoundBox<ConnectionHandler?>, listener: any Channel)
    {
        self.group = group
        self.eventLoop = client.eventLoop
        self.client = client
        self.listener = listener
    }

    /// Connects and logs in.
    static func connect() async throws -> LoopbackPair {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let loop = group.next()
        let random = SystemRandom()
        let (userKey, hostKey) = (
            try Ed25519PrivateKey.generate(random: random), try Ed25519PrivateKey.generate(random: random)
        )
        let listener = try await SocketOptions.connection(ServerBootstrap(group: group), keepalive: false) { channel in
            var configuration = EngineConfiguration(role: .server)
            configuration.hostKeys = [hostKey]
            let handler = try ConnectionHandler(
                configuration: configuration,
                random: SystemRandom(),
                owner: PermissiveOwner.dialing()
            )
            try channel.pipeline.syncOperations.addHandler(handler)
        }
        .bind(host: "127.0.0.1", port: 0).get()
        let authenticated = loop.makePromise(of: Void.self)
        let client = NIOLoopBoundBox<ConnectionHandler?>.makeEmptyBox(
            valueType: ConnectionHandler.self,
            eventLoop: loop
        )
        _ = try await SocketOptions.connection(ClientBootstrap(group: group), keepalive: false)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    var configuration = EngineConfiguration(role: .client)
                    configuration.user = "alice"
                    configuration.identities = [userKey]
                    let handler = try ConnectionHandler(
                        configuration: configuration,
                        random: SystemRandom(),
                        owner: PermissiveOwner(authenticated: authenticated)
                    )
                    client.value = handler
                    try channel.pipeline.syncOperations.addHandler(handler)
                }
            }
            .connect(to: listener.localAddress ?? SocketAddress(ipAddress: "127.0.0.1", port: 1)).get()
        try await authenticated.futureResult.get()
        return LoopbackPair(group: group, client: client, listener: listener)
    }

    /// A local forward, as -L makes it.
    ///
    /// - Returns: the port to connect to.
    func forward(to port: Int) async throws -> Int {
        let bound = self.eventLoop.makePromise(of: Int.self)
        self.eventLoop.execute {
            guard let client = self.client.value else { return bound.fail(SSHError(.misuse, "not connected")) }
            PortListener.listen(addresses: ["127.0.0.1"], port: 0, on: self.eventLoop) { socket in
                let addresses = TunnelAddresses(
                    host: "127.0.0.1",
                    port: UInt32(clamping: port),
                    originatorAddress: "127.0.0.1",
                    originatorPort: 1
                )
                // What the system does not hold for a slow reader, the tunnel must.
                socket.setOption(.socketOption(.so_sndbuf), value: 4096).whenFailure { _ in }
                Tunnel(client).open(.directTCPIP(addresses), for: socket)
            } completion: { result in
                bound.completeWith(result.map { Int($0.port) })
            }
        }
        return try await bound.futureResult.get()
    }

    /// Works with the client's connection, on its event loop.
    func withClient<Value>(
        _ work: (ConnectionHandler) -> EventLoopFuture<Value>
    ) -> EventLoopFuture<Value> {
        guard let client = self.client.value else {
            return self.eventLoop.makeFailedFuture(SSHError(.misuse, "not connected"))
        }
        return work(client)
    }

    /// Ends the client's connection as if the network had gone.
    func cut() async throws {
        try await self.eventLoop.submit { self.client.value?.fail(SSHError(.connectionLost, "cut")) }.get()
    }

    func channelCount() async throws -> Int {
        try await self.eventLoop.submit { self.client.value?.channelCount ?? 0 }.get()
    }

    func end() async throws {
        try await self.eventLoop.submit { self.client.value?.disconnect(.byApplication, "done") }.get()
        try await self.listener.close()
        try await self.group.shutdownGracefully()
    }
}

extension PermissiveOwner {
    /// A client's.
    fileprivate convenience init(authenticated: EventLoopPromise<Void>) {
        self.init()
        self.onAuthenticated = { authenticated.succeed() }
        self.onEnd = { authenticated.fail($0) }
    }

    /// A server's, which dials whatever it is asked to.
    fileprivate static func dialing() -> PermissiveOwner {
        let owner = PermissiveOwner()
        owner.onOpen = { connection, channel, kind in
            guard case .directTCPIP(let addresses) = kind, let eventLoop = connection.eventLoop else {
                return connection.refuse(channel, .unknownChannelType, "no")
            }
            let dialed = Dialer().connect(host: addresses.host, port: addresses.port, on: eventLoop)
            dialed.assumeIsolated().whenComplete { result in
                switch result {
                case .success(let socket): Tunnel(connection).accept(channel, with: socket)
                case .failure: connection.refuse(channel, .connectFailed, "no")
                }
            }
        }
        return owner
    }
}
