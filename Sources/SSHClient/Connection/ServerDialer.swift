import Glibc
import NIOCore
import NIOPosix
import SSHForwarding
import SSHSystem
import SSHWire

/// Connects to the server as the destination's options say.
struct ServerDialer: Sendable {
    /// Longer than the system's own patience, which then decides.
    private static let systemTimeout = TimeAmount.minutes(10)

    let destination: SSHDestination
    let eventLoop: any EventLoop

    /// - Parameter onConnect: gets the socket, connected and unread, at once: a server that speaks and leaves must be heard.
    func connect<Result: Sendable>(
        _ onConnect: @escaping @Sendable (any Channel) throws -> Result
    ) async throws -> Result {
        let destination = self.destination
        let addresses = try await NIOThreadPool.singleton.runIfActive {
            try HostResolution.addresses(
                of: destination.host,
                port: destination.port,
                family: destination.options.addressFamily.systemValue
            )
        }
        var failure = SSHError(.connectionLost, "Could not resolve hostname \(destination.host): no address")
        for attempt in 1...max(1, destination.options.connectionAttempts) {
            if attempt > 1 { try await Task.sleep(for: .seconds(1)) }
            try Task.checkCancellation()
            do {
                return try await self.race(addresses, onConnect)
            } catch {
                let place = "connect to host \(destination.host) port \(destination.port)"
                failure = SSHError(.connectionLost, "\(place): \(SystemReason.of(error))")
            }
        }
        throw failure
    }

    private func tell(_ event: ConnectionEvent) {
        self.destination.options.onEvent?(event)
    }

    private func race<Result: Sendable>(
        _ addresses: [SocketAddress],
        _ onConnect: @escaping @Sendable (any Channel) throws -> Result
    ) async throws -> Result {
        let local = try self.destination.options.bindAddress.map {
            try SocketAddress.makeAddressResolvingHost($0, port: 0)
        }
        return try await self.eventLoop.flatSubmit {
            let race = AddressRace(addresses, on: self.eventLoop) { address in
                self.tell(.connecting(to: address))
                let bootstrap = LoopbackCongestion.set(on: self.bootstrap(from: local), host: address.ipAddress ?? "")
                return bootstrap.connect(to: address)
            } onConnect: { channel in
                self.tell(.connected)
                return try onConnect(channel)
            } onFailure: { address, error in
                self.tell(.connectFailed(to: address, error))
            }
            return race.run()
        }.get()
    }

    private func bootstrap(from local: SocketAddress?) -> ClientBootstrap {
        let bootstrap = SocketOptions.connection(
            ClientBootstrap(group: self.eventLoop),
            keepalive: self.destination.options.tcpKeepAlive
        )
        .channelOption(.autoRead, value: false)
        .connectTimeout(
            self.destination.options.dialTimeout ?? self.destination.options.connectTimeout ?? Self.systemTimeout
        )
        return local.map(bootstrap.bind(to:)) ?? bootstrap
    }
}

extension ClientAddressFamily {
    fileprivate var systemValue: CInt {
        switch self {
        case .any: AF_UNSPEC
        case .inet: AF_INET
        case .inet6: AF_INET6
        }
    }
}
