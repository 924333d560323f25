import Glibc
import NIOCore
import NIOPosix
import SSHForwarding
import SSHSystem
import SSHWire

/// Connects to the server as the destination's options say, or to the proxy that leads there.
struct ServerDialer: Sendable {
    /// Longer than the system's own patience, which then decides.
    private static let systemTimeout = TimeAmount.minutes(10)
    /// How long a proxy may take for the way to the server where nobody says how long anything may.
    private static let proxyTimeout = TimeAmount.minutes(2)

    private let destination: SSHDestination
    private let proxy: ProxyServer?
    private let eventLoop: any EventLoop

    init(_ destination: SSHDestination, through proxy: ProxyServer? = nil, on eventLoop: any EventLoop) {
        self.destination = destination
        self.proxy = proxy
        self.eventLoop = eventLoop
    }

    /// - Parameter onConnect: gets the socket, connected and unread, at once: a server that speaks and leaves must be heard.
    func connect<Result: Sendable>(
        _ onConnect: @escaping @Sendable (any Channel) throws -> Result
    ) async throws -> Result {
        if let proxy = self.proxy { self.tell(.connectingThrough(proxy)) }
        let (addresses, localEnd) = try await self.lookUp()
        var failure = SSHError(.connectionLost, "Could not resolve hostname \(self.host): no address")
        for attempt in 1...max(1, self.destination.options.connectionAttempts) {
            if attempt > 1 { try await Task.sleep(for: .seconds(1)) }
            try Task.checkCancellation()
            do {
                return try await self.eventLoop.flatSubmit {
                    self.attempt(addresses, from: localEnd, onConnect)
                }.get()
            } catch {
                failure = self.failure(error)
            }
        }
        throw failure
    }

    private var host: String { self.proxy?.host ?? self.destination.host }
    private var port: UInt16 { self.proxy?.port ?? self.destination.port }

    private func lookUp() async throws -> ([SocketAddress], LocalEnd) {
        let options = self.destination.options
        return try await NIOThreadPool.singleton.runIfActive { [host, port] in
            let addresses = try HostResolution.addresses(
                of: host,
                port: port,
                family: options.addressFamily.systemValue
            )
            return (addresses, try LocalEnd(options))
        }
    }

    private func tell(_ event: ConnectionEvent) {
        self.destination.options.onEvent?(event)
    }

    private func failure(_ error: any Error) -> SSHError {
        let way = self.proxy.map { " through \($0.name)" } ?? ""
        let place = "connect to host \(self.destination.host) port \(self.destination.port)\(way)"
        // What a proxy says is more than that there is no connection.
        let code = self.proxy.flatMap { _ in (error as? SSHError)?.code } ?? .connectionLost
        return SSHError(code, "\(place): \(SystemReason.of(error))")
    }

    private func attempt<Result: Sendable>(
        _ addresses: [SocketAddress],
        from localEnd: LocalEnd,
        _ onConnect: @escaping @Sendable (any Channel) throws -> Result
    ) -> EventLoopFuture<Result> {
        guard let proxy = self.proxy else {
            return self.race(addresses, from: localEnd) { channel in
                self.tell(.connected)
                return try onConnect(channel)
            }
        }
        let options = self.destination.options
        return self.race(addresses, from: localEnd) { NIOLoopBound($0, eventLoop: self.eventLoop) }.flatMap { channel in
            do {
                return ProxyHandler.lead(
                    channel.value,
                    try proxy.negotiation(to: self.destination.host, port: self.destination.port),
                    within: options.dialTimeout ?? options.connectTimeout ?? Self.proxyTimeout
                ) { channel in
                    self.tell(.connected)
                    return try onConnect(channel)
                }
            } catch {
                channel.value.close(promise: nil)
                return self.eventLoop.makeFailedFuture(error)
            }
        }
    }

    private func race<Winner: Sendable>(
        _ addresses: [SocketAddress],
        from localEnd: LocalEnd,
        _ onConnect: @escaping (any Channel) throws -> Winner
    ) -> EventLoopFuture<Winner> {
        let race = AddressRace(addresses, on: self.eventLoop) { address in
            self.tell(.connecting(to: address))
            do {
                let local = try localEnd.address(to: address)
                let bootstrap = LoopbackCongestion.set(on: self.bootstrap(from: local), host: address.ipAddress ?? "")
                return bootstrap.connect(to: address)
            } catch {
                return self.eventLoop.makeFailedFuture(error)
            }
        } onConnect: {
            try onConnect($0)
        } onFailure: { address, error in
            self.tell(.connectFailed(to: address, error))
        }
        return race.run()
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
