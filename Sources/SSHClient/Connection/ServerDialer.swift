import Glibc
import NIOCore
import NIOPosix
import SSHForwarding
import SSHWire

/// Connects to the server as ConnectTimeout, ConnectionAttempts, AddressFamily and BindAddress say.
struct ServerDialer: Sendable {
    /// Longer than the system's own patience, which then decides.
    private static let systemTimeout = TimeAmount.minutes(10)

    let configuration: ClientConfiguration
    let log: ClientLog
    let eventLoop: any EventLoop

    /// - Parameter onConnect: gets the socket, connected and unread, at once: a server that speaks and leaves must be heard.
    func connect<Result: Sendable>(
        _ onConnect: @escaping @Sendable (any Channel) throws -> Result
    ) async throws -> Result {
        let configuration = self.configuration
        let addresses = try await NIOThreadPool.singleton.runIfActive {
            try HostResolution.addresses(
                of: configuration.hostName,
                port: configuration.port,
                family: configuration.addressFamily.systemValue
            )
        }
        var failure = SSHError(.connectionLost, "Could not resolve hostname \(configuration.hostName): no address")
        for attempt in 1...max(1, configuration.connectionAttempts) {
            if attempt > 1 { try await Task.sleep(for: .seconds(1)) }
            for address in addresses {
                let shown = address.ipAddress ?? "\(address)"
                self.log.debug("Connecting to \(configuration.hostName) [\(shown)] port \(configuration.port).")
                do {
                    return try await self.connect(to: address, onConnect)
                } catch {
                    let place = "connect to host \(configuration.hostName) port \(configuration.port)"
                    failure = SSHError(.connectionLost, "\(place): \(SystemReason.of(error))")
                    self.log.debug("connect to address \(shown) port \(configuration.port): \(SystemReason.of(error))")
                }
            }
        }
        throw failure
    }

    private func connect<Result: Sendable>(
        to address: SocketAddress,
        _ onConnect: @escaping @Sendable (any Channel) throws -> Result
    ) async throws -> Result {
        let local = try self.configuration.bindAddress.map { try SocketAddress.makeAddressResolvingHost($0, port: 0) }
        return try await self.eventLoop.flatSubmit {
            let bootstrap = LoopbackCongestion.set(on: self.bootstrap(from: local), host: address.ipAddress ?? "")
            return bootstrap.connect(to: address).flatMapThrowing { channel in
                self.log.debug("Connection established.")
                return try onConnect(channel)
            }
        }.get()
    }

    private func bootstrap(from local: SocketAddress?) -> ClientBootstrap {
        let timeout = self.configuration.connectSeconds.map { TimeAmount.seconds($0) }
        let bootstrap = SocketOptions.connection(
            ClientBootstrap(group: self.eventLoop),
            keepalive: self.configuration.tcpKeepAlive
        )
        .channelOption(.autoRead, value: false)
        .connectTimeout(timeout ?? Self.systemTimeout)
        return local.map(bootstrap.bind(to:)) ?? bootstrap
    }
}

extension AddressFamily {
    fileprivate var systemValue: CInt {
        switch self {
        case .any: AF_UNSPEC
        case .inet: AF_INET
        case .inet6: AF_INET6
        }
    }
}
