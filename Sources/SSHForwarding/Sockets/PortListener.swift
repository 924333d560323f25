import Glibc
public import NIOCore
import NIOPosix
import SSHWire

/// One forward's listening sockets: one or several addresses with the same port, on the event loop of its SSH connection.
///
/// All calls must come on that event loop.
public final class PortListener {
    /// An address that could not be bound, and why.
    public struct Failure {
        public let address: String
        public let error: any Error
    }

    public let port: UInt16
    /// The addresses that could not be bound though this machine has them.
    public let failures: [Failure]
    private let channels: [any Channel]

    fileprivate init(port: UInt16, channels: [any Channel], failures: [Failure]) {
        self.port = port
        self.channels = channels
        self.failures = failures.filter { !$0.isOfMissingAddress }
    }

    /// Listens on all addresses with one port; with port 0 the system picks one that is free for all of them. One address
    /// that can be bound is enough.
    ///
    /// - Parameters:
    ///   - asker: on whose behalf names are looked up; nil if everything is on behalf of the same.
    ///   - onAccept: gets each socket, connected and not reading yet.
    ///   - completion: gets the listener, or why there is none.
    public static func listen(
        addresses: [String],
        port: UInt16,
        on eventLoop: any EventLoop,
        for asker: LookupAsker? = nil,
        onAccept: @escaping (any Channel) -> Void,
        completion: @escaping (Result<PortListener, any Error>) -> Void
    ) {
        let bootstrap: (String) -> ServerBootstrap = { address in
            let bootstrap = SocketOptions.tunnelListener(on: eventLoop, isTCP: true, onAccept: onAccept)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            let listener = LoopbackCongestion.set(on: bootstrap, host: address)
            // 0.0.0.0 and :: share a port only if the latter keeps out of IPv4.
            guard address.contains(":") else { return listener }
            let v6Only = ChannelOptions.Types.SocketOption(level: .ipv6, name: .ipv6_v6only)
            return listener.serverChannelOption(v6Only, value: 1)
        }
        PortBinding(bootstrap, addresses, port, on: eventLoop, for: asker, completion).start()
    }

    /// How many sockets it has: one for each address.
    public var socketCount: Int { self.channels.count }

    /// Where it listens, as the system writes it.
    public var addresses: [String] { self.channels.compactMap { $0.localAddress?.ipAddress } }

    public func close() {
        for channel in self.channels { channel.close(promise: nil) }
    }
}

extension PortListener.Failure {
    /// As with ::1 where IPv6 is switched off.
    fileprivate var isOfMissingAddress: Bool {
        let number = (self.error as? IOError)?.errnoCode
        return number == EADDRNOTAVAIL || number == EAFNOSUPPORT
    }
}

/// Hands an accepted socket on as soon as it is up, and leaves its pipeline.
final class AcceptHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer

    private let onAccept: (any Channel) -> Void

    init(_ onAccept: @escaping (any Channel) -> Void) {
        self.onAccept = onAccept
    }

    func channelActive(context: ChannelHandlerContext) {
        context.pipeline.syncOperations.removeHandler(self, promise: nil)
        self.onAccept(context.channel)
    }
}

/// Binds the addresses of one listener, one after the other.
private final class PortBinding {
    /// How often another free port is looked for when the one the system picked is taken on a later address.
    private static let maximumAttempts = 8

    private let bootstrap: (String) -> ServerBootstrap
    private let addresses: [String]
    private let wantedPort: UInt16
    private let eventLoop: any EventLoop
    private let asker: LookupAsker?
    private let completion: (Result<PortListener, any Error>) -> Void
    private var channels: [any Channel] = []
    private var port: UInt16
    private var failures: [PortListener.Failure] = []
    private var attempts = 0

    init(
        _ bootstrap: @escaping (String) -> ServerBootstrap,
        _ addresses: [String],
        _ port: UInt16,
        on eventLoop: any EventLoop,
        for asker: LookupAsker?,
        _ completion: @escaping (Result<PortListener, any Error>) -> Void
    ) {
        self.bootstrap = bootstrap
        self.addresses = addresses
        self.wantedPort = port
        self.port = port
        self.eventLoop = eventLoop
        self.asker = asker
        self.completion = completion
    }

    func start() {
        self.attempts += 1
        self.port = self.wantedPort
        self.bind(self.addresses[...])
    }

    private func bind(_ addresses: ArraySlice<String>) {
        guard let address = addresses.first else { return self.finish() }
        let bound = self.bind(self.bootstrap(address), address)
        bound.hop(to: self.eventLoop).assumeIsolated().whenComplete {
            switch $0 {
            case .success(let channel):
                self.channels.append(channel)
                self.port = UInt16(exactly: channel.localAddress?.port ?? 0) ?? 0
            case .failure(let error):
                self.failures.append(PortListener.Failure(address: address, error: error))
                if self.isTaken(error), self.attempts < Self.maximumAttempts { return self.startAgain() }
            }
            self.bind(addresses.dropFirst())
        }
    }

    private func bind(_ bootstrap: ServerBootstrap, _ address: String) -> EventLoopFuture<any Channel> {
        // The system need not be asked what a number means.
        if let numeric = try? SocketAddress(ipAddress: address, port: Int(self.port)) {
            return bootstrap.bind(to: numeric)
        }
        // A bootstrap would ask on the event loop, and everything on it would have to wait.
        let addresses = NameLookup(on: self.eventLoop, for: self.asker).addresses(of: address, port: Int(self.port))
        return addresses.assumeIsolated().flatMap { addresses in
            guard let first = addresses.first else {
                return self.eventLoop.makeFailedFuture(SSHError(.forwardingFailed, "\(address) has no address"))
            }
            return bootstrap.bind(to: first)
        }.nonisolated()
    }

    /// A port that the system picked for one address can be in use on the next.
    private func isTaken(_ error: any Error) -> Bool {
        self.wantedPort == 0 && !self.channels.isEmpty && (error as? IOError)?.errnoCode == EADDRINUSE
    }

    private func startAgain() {
        self.closeAll()
        self.failures = []
        self.start()
    }

    private func finish() {
        guard self.channels.isEmpty else {
            let listener = PortListener(port: self.port, channels: self.channels, failures: self.failures)
            return self.completion(.success(listener))
        }
        let error = self.failures.first?.error ?? SSHError(.forwardingFailed, "no address to listen on")
        self.completion(.failure(error))
    }

    private func closeAll() {
        for channel in self.channels { channel.close(promise: nil) }
        self.channels = []
    }
}
