import Glibc
public import Logging
import NIOCore
import NIOPosix
import SSHCrypto
import SSHForwarding
import SSHProtocol
import SSHWire
public import ServiceLifecycle

/// The relay: listens for SSH connections and serves each until it is asked to stop.
public struct RelayServer: Service {
    private let context: RelayContext
    private let group: MultiThreadedEventLoopGroup

    /// Reads the host keys.
    ///
    /// - Throws: `invalidKey` for a host key that cannot be used, `invalidConfiguration` if there is none.
    public init(configuration: ServerConfiguration, logger: Logger) throws {
        let hostKeys = try configuration.hostKeyFiles.map { try HostKeyFile.load($0) }
        guard !hostKeys.isEmpty else {
            throw SSHError(.invalidConfiguration, "no HostKey: the relay cannot prove who it is")
        }
        self.context = RelayContext(configuration: configuration, hostKeys: hostKeys, logger: logger)
        self.group = MultiThreadedEventLoopGroup(numberOfThreads: max(1, System.coreCount))
    }

    /// Serves until the service group asks for a graceful shutdown.
    public func run() async throws {
        let listeners: [any Channel]
        do {
            listeners = try await self.listen()
        } catch {
            try? await self.group.shutdownGracefully()
            throw error
        }
        let pidFile = self.context.configuration.pidFile
        if let pidFile { PidFile.write(pidFile, logger: self.context.logger) }
        await self.untilShutdown()
        for listener in listeners { try? await listener.close() }
        await self.context.connections.endAll()
        if let pidFile { PidFile.remove(pidFile) }
        try? await self.group.shutdownGracefully()
    }

    private func untilShutdown() async {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self)
        await withGracefulShutdownHandler {
            for await _ in stream {}
        } onGracefulShutdown: {
            continuation.finish()
        }
    }

    private func listen() async throws -> [any Channel] {
        var listeners: [any Channel] = []
        var firstError: (any Error)?
        for endpoint in self.context.configuration.listenEndpoints {
            guard let port = endpoint.port else { continue }
            do {
                let bootstrap = self.bootstrap(isIPv6: endpoint.host.contains(":"))
                listeners.append(try await bootstrap.bind(host: endpoint.host, port: Int(port)).get())
                self.context.logger.info(
                    "Server listening on \(endpoint.host) port \(listeners.last?.localAddress?.port ?? 0)."
                )
            } catch {
                firstError = firstError ?? error
                self.context.logger.error("Bind to port \(port) on \(endpoint.host) failed: \(ErrorText.of(error)).")
            }
        }
        // As sshd: one address is enough.
        guard !listeners.isEmpty else {
            throw SSHError(.system, "cannot bind any address: \(firstError.map(ErrorText.of) ?? "none is configured")")
        }
        return listeners
    }

    private func bootstrap(isIPv6: Bool) -> ServerBootstrap {
        let context = self.context
        var bootstrap = SocketOptions.connection(
            ServerBootstrap(group: self.group),
            keepalive: context.configuration.tcpKeepAlive
        )
        // The IPv4 wildcard is a socket of its own.
        if isIPv6 {
            bootstrap = bootstrap.serverChannelOption(
                ChannelOptions.Types.SocketOption(level: .ipv6, name: .ipv6_v6only),
                value: 1
            )
        }
        return bootstrap.childChannelInitializer { channel in
            channel.eventLoop.makeCompletedFuture { try ServerConnection.begin(on: channel, context) }
        }
    }
}

/// What all connections of one relay share.
struct RelayContext: Sendable {
    let configuration: ServerConfiguration
    let hostKeys: [any SigningKey]
    let logger: Logger
    let startups: StartupLimits
    let connections = ConnectionRegistry()

    init(configuration: ServerConfiguration, hostKeys: [any SigningKey], logger: Logger) {
        self.configuration = configuration
        self.hostKeys = hostKeys
        self.logger = logger
        self.startups = StartupLimits(configuration)
    }
}
