import Glibc
import Logging
import NIOCore
import NIOPosix
import SSHConfiguration
import SSHForwarding
import SSHSystem
import SSHWire

/// The sockets on which the relay waits for SSH connections. They follow the configuration when it is read again.
struct RelayListeners {
    /// Where connections are taken from the kernel, which keeps few: nothing else happens there.
    private let acceptors: MultiThreadedEventLoopGroup
    private let group: any EventLoopGroup
    private let context: RelayContext
    private let onLoss: @Sendable () -> Void
    /// A quarter of the descriptors that nobody else has: many listeners take no more of them than one.
    private let accepted = AcceptedConnections(limit: DescriptorLimit.reserve / 4)
    private var channels: [ListenAddress: any Channel] = [:]
    /// What names stood for when they were looked up last.
    private var resolved: [ListenAddress: [ListenAddress]] = [:]
    /// What systemd opened: with any of them, the configuration's addresses are void.
    private var inherited: [any Channel] = []

    /// - Parameter onLoss: is called when a socket has closed, by us or by an error of the system's.
    init(
        acceptors: MultiThreadedEventLoopGroup,
        group: any EventLoopGroup,
        context: RelayContext,
        onLoss: @escaping @Sendable () -> Void
    ) {
        self.acceptors = acceptors
        self.group = group
        self.context = context
        self.onLoss = onLoss
    }

    /// Takes over the sockets that this process was started with.
    mutating func take(_ sockets: [InheritedSocket], _ configuration: ServerConfiguration) async throws {
        for socket in sockets {
            let bootstrap = self.bootstrap(isIPv6: false, keepalive: configuration.tcpKeepAlive)
            let channel = try await bootstrap.withBoundSocket(socket.descriptor).get()
            self.watch(channel)
            self.inherited.append(channel)
            let address = channel.localAddress
            self.context.logger.info(
                "Server listening on \(address?.ipAddress ?? "UNKNOWN") port \(address?.port ?? 0) (\(socket.name.escapedForLog))."
            )
            try await channel.setOption(.autoRead, value: true).get()
        }
    }

    /// Opens what the configuration names and is not open yet, and closes the rest. An address that has to make way for another
    /// of the same port comes back if that one cannot be opened either.
    ///
    /// - Throws: `system` if no address at all can be bound: then everything is as it was.
    mutating func follow(_ configuration: ServerConfiguration) async throws {
        guard self.inherited.isEmpty else { return }
        var firstError: (any Error)?
        let endpoints = await self.resolve(configuration, &firstError)
        let wanted = Set(endpoints)
        var missed: [ListenAddress] = []
        for endpoint in endpoints where !self.listens(on: endpoint) {
            do {
                self.channels[endpoint] = try await self.open(endpoint, wanted: wanted, configuration)
            } catch {
                firstError = firstError ?? error
                missed.append(endpoint)
                self.sayFailed(endpoint, error)
            }
        }
        // As sshd: one address is enough.
        guard wanted.contains(where: self.listens) else {
            throw SSHError(
                .system,
                "cannot bind any address: \(firstError.map { ErrorText.of($0) } ?? "none is configured")"
            )
        }
        for (endpoint, channel) in self.channels where !wanted.contains(endpoint) {
            // What was to take an old address's place and did not leaves it there.
            if missed.contains(where: { $0.conflicts(with: endpoint) }) {
                self.context.logger.error("Port \(endpoint.port ?? 0) on \(endpoint.host) stays open instead.")
                continue
            }
            self.channels[endpoint] = nil
            try? await channel.close()
        }
    }

    /// Opens again what the system has closed.
    mutating func reopenLost(_ configuration: ServerConfiguration) async {
        for endpoint in self.lost {
            self.context.logger.error("The listener on \(endpoint.host) port \(endpoint.port ?? 0) has failed.")
            do {
                self.channels[endpoint] = try await self.bind(endpoint, configuration)
            } catch {
                self.sayFailed(endpoint, error)
            }
        }
    }

    private func sayFailed(_ endpoint: ListenAddress, _ error: any Error) {
        self.context.logger.error(
            "Bind to port \(endpoint.port ?? 0) on \(endpoint.host) failed: \(ErrorText.of(error))."
        )
    }

    /// All addresses that the configuration's names stand for; where that cannot be said just now, those from before.
    private mutating func resolve(
        _ configuration: ServerConfiguration,
        _ firstError: inout (any Error)?
    ) async -> [ListenAddress] {
        var endpoints: [ListenAddress] = []
        for endpoint in configuration.listenEndpoints {
            guard IPAddress(endpoint.host) == nil else {
                endpoints.append(endpoint)
                continue
            }
            do {
                let found = try await NIOThreadPool.singleton.runIfActive {
                    try HostResolution.addresses(of: endpoint.host, port: 0, family: configuration.addressFamily.number)
                }
                self.resolved[endpoint] = found.compactMap(\.ipAddress).map {
                    ListenAddress(host: $0, port: endpoint.port)
                }
            } catch {
                firstError = firstError ?? error
                self.context.logger.error("bad addr or host: \(endpoint.host) (\(ErrorText.of(error)))")
            }
            endpoints += self.resolved[endpoint] ?? []
        }
        return endpoints
    }

    /// Opens an address, for which others of its port that nobody wants any more make way.
    private mutating func open(
        _ endpoint: ListenAddress,
        wanted: Set<ListenAddress>,
        _ configuration: ServerConfiguration
    ) async throws -> any Channel {
        do {
            return try await self.bind(endpoint, configuration)
        } catch let error as IOError where error.errnoCode == EADDRINUSE {
            let old = self.channels.filter {
                !wanted.contains($0.key) && $0.key.port == endpoint.port && $0.value.isActive
            }
            guard !old.isEmpty else { throw error }
            for channel in old.values { try? await channel.close() }
            do {
                let channel = try await self.bind(endpoint, configuration)
                for endpoint in old.keys { self.channels[endpoint] = nil }
                return channel
            } catch {
                // What cannot be opened again at once counts as lost.
                for endpoint in old.keys {
                    if let channel = try? await self.bind(endpoint, configuration) { self.channels[endpoint] = channel }
                }
                throw error
            }
        }
    }

    /// Where the configuration wants a socket that the system has closed.
    var lost: [ListenAddress] { self.channels.filter { !$0.value.isActive }.map(\.key) }

    /// Whether one of those that systemd opened is gone. Only systemd can open it again.
    var hasLostInherited: Bool { self.inherited.contains { !$0.isActive } }

    mutating func closeAll() async {
        for channel in self.inherited + Array(self.channels.values) { try? await channel.close() }
        self.inherited = []
        self.channels = [:]
    }

    private func bind(_ endpoint: ListenAddress, _ configuration: ServerConfiguration) async throws -> any Channel {
        let isIPv6 = endpoint.host.contains(":")
        let bootstrap = self.bootstrap(isIPv6: isIPv6, keepalive: configuration.tcpKeepAlive)
        let listener = LoopbackCongestion.set(on: bootstrap, host: endpoint.host)
        let channel = try await listener.bind(host: endpoint.host, port: Int(endpoint.port ?? 0)).get()
        self.watch(channel)
        self.context.logger.info(
            "Server listening on \(endpoint.host) port \(channel.localAddress?.port ?? 0)."
        )
        try await channel.setOption(.autoRead, value: true).get()
        return channel
    }

    /// Where it listens now.
    var addresses: [SocketAddress] {
        (self.inherited + Array(self.channels.values)).compactMap(\.localAddress)
    }

    private func listens(on endpoint: ListenAddress) -> Bool { self.channels[endpoint]?.isActive == true }

    private func watch(_ channel: any Channel) {
        channel.closeFuture.whenComplete { [onLoss] _ in onLoss() }
    }

    private func bootstrap(isIPv6: Bool, keepalive: Bool) -> ServerBootstrap {
        let context = self.context
        let bootstrap = SocketOptions.connection(
            ServerBootstrap(group: self.acceptors, childGroup: self.group),
            keepalive: keepalive,
            accepted: self.accepted,
            onAcceptError: { context.logger.error("accept: \(ErrorText.of($0))") },
            onAccept: { try Admission.begin(on: $0, context) }
        )
        // The log says first that it listens.
        .serverChannelOption(.autoRead, value: false)
        // The IPv4 wildcard is a socket of its own.
        guard isIPv6 else { return bootstrap }
        return bootstrap.serverChannelOption(
            ChannelOptions.Types.SocketOption(level: .ipv6, name: .ipv6_v6only),
            value: 1
        )
    }
}

extension ListenAddress {
    /// Whether the two cannot be open at the same time.
    fileprivate func conflicts(with other: ListenAddress) -> Bool {
        self.port == other.port && ListenerRegistry.conflicts(self.host, with: [other.host])
    }
}

extension AddressFamily {
    fileprivate var number: CInt {
        switch self {
        case .any: AF_UNSPEC
        case .inet: AF_INET
        case .inet6: AF_INET6
        }
    }
}
