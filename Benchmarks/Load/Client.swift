import Glibc
import NIOCore
import NIOPosix
import SSHCrypto
import SSHForwarding
import SSHProtocol
import SSHWire

/// Makes connections that are logged in.
struct Client: Sendable {
    private let group = MultiThreadedEventLoopGroup.singleton
    private let server: SocketAddress
    private let configuration: EngineConfiguration

    init(_ target: Target) throws {
        self.server = try SocketAddress(ipAddress: "127.0.0.1", port: target.port)
        guard let exchange = KeyExchangeAlgorithm(rawValue: target.kex) else {
            throw SSHError(.misuse, "\(target.kex) is no key exchange that is known here")
        }
        var configuration = EngineConfiguration(role: .client)
        configuration.algorithms.keyExchange = [exchange]
        configuration.user = target.user
        configuration.identities = [try PrivateKeyFile.parse(try Self.read(target.key)).key]
        self.configuration = configuration
    }

    func logIn(from source: String) async throws -> Connection {
        let local = try SocketAddress(ipAddress: source, port: 0)
        let configuration = self.configuration
        let bootstrap = SocketOptions.connection(ClientBootstrap(group: self.group.next()), keepalive: false)
            // Which port is taken is for connect to say: bind alone would keep it from all other connections.
            .channelOption(.ipOption(NIOBSDSocket.Option(rawValue: IP_BIND_ADDRESS_NO_PORT)), value: 1)
            .bind(to: local)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let owner = ConnectionEvents(loop: channel.eventLoop)
                    let handler = try ConnectionHandler(
                        configuration: configuration,
                        random: SystemRandom(),
                        owner: owner
                    )
                    owner.handler = handler
                    try channel.pipeline.syncOperations.addHandler(handler)
                    try channel.pipeline.syncOperations.addHandler(owner)
                }
            }
        let channel = try await bootstrap.connect(to: self.server).get()
        let events = try await channel.eventLoop.submit {
            NIOLoopBound(
                try channel.pipeline.syncOperations.handler(type: ConnectionEvents.self),
                eventLoop: channel.eventLoop
            )
        }.get()
        let connection = Connection(channel: channel, events: events)
        try await connection.waitForLogin()
        return connection
    }

    static func read(_ path: String) throws -> [UInt8] {
        guard let file = fopen(path, "r") else { throw SSHError(.misuse, "cannot read \(path)") }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        while case let byte = getc(file), byte != EOF, bytes.count < 1 << 20 {
            bytes.append(UInt8(truncatingIfNeeded: byte))
        }
        return bytes
    }
}
