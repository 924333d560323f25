import NIOCore
import NIOEmbedded
import SSHCrypto
import SSHProtocol
import SSHWire

@testable import SSHForwarding

/// A client's and a server's connection, and a tunnel between two sockets, all in memory and on one thread.
final class MemoryPair {
    /// A socket at one end of the tunnel: what is said to it, and what it was given.
    final class Socket {
        let channel: EmbeddedChannel
        let transport: FailingTransport
        private(set) var received: [UInt8] = []
        fileprivate var hasSaidEOF = false

        fileprivate init(_ loop: EmbeddedEventLoop, _ transport: FailingTransport) throws {
            self.channel = EmbeddedChannel(handler: transport, loop: loop)
            self.transport = transport
            _ = self.channel.connect(to: try SocketAddress(ipAddress: "127.0.0.1", port: 1))
        }

        func say(_ bytes: [UInt8]) {
            guard self.channel.isActive, !self.hasSaidEOF else { return }
            _ = try? self.channel.writeInbound(ByteBuffer(bytes: bytes))
        }

        func sayEOF() {
            guard self.channel.isActive, !self.hasSaidEOF else { return }
            self.hasSaidEOF = true
            self.channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        }

        fileprivate func take() {
            while let bytes = try? self.channel.readOutbound(as: ByteBuffer.self) {
                self.received += Array(bytes.readableBytesView)
            }
        }
    }

    /// Which of the four transports fails.
    enum Place: CaseIterable, Sendable {
        case client, server, near, far
    }

    let loop = EmbeddedEventLoop()
    let client: ConnectionHandler
    let server: ConnectionHandler
    let near: Socket
    let far: Socket
    private(set) var endings: [String: Int] = [:]
    private var connections: [Place: (channel: EmbeddedChannel, transport: FailingTransport)] = [:]
    private let owners: (PermissiveOwner, PermissiveOwner)

    /// How often the transport at that place has read and written.
    func count(of place: Place) -> Int { self.transport(place).count }

    private func transport(_ place: Place) -> FailingTransport {
        switch place {
        case .near: self.near.transport
        case .far: self.far.transport
        case .client, .server: self.connections[place]?.transport ?? FailingTransport(failing: nil)
        }
    }

    init(failing place: Place?, at number: Int = 1, userKey: Ed25519PrivateKey, hostKey: Ed25519PrivateKey) throws {
        let transports = Place.allCases.map { ($0, FailingTransport(failing: $0 == place ? number : nil)) }
        let transport = Dictionary(uniqueKeysWithValues: transports)
        self.near = try Socket(self.loop, transport[.near] ?? FailingTransport(failing: nil))
        self.far = try Socket(self.loop, transport[.far] ?? FailingTransport(failing: nil))
        let owners = (PermissiveOwner(), PermissiveOwner())
        self.owners = owners
        var configuration = EngineConfiguration(role: .client)
        configuration.user = "alice"
        configuration.identities = [userKey]
        self.client = try ConnectionHandler(configuration: configuration, random: SystemRandom(), owner: owners.0)
        configuration = EngineConfiguration(role: .server)
        configuration.hostKeys = [hostKey]
        self.server = try ConnectionHandler(configuration: configuration, random: SystemRandom(), owner: owners.1)
        owners.0.onAuthenticated = { [unowned self] in self.openTunnel() }
        owners.0.onEnd = { [unowned self] _ in self.count("client") }
        owners.1.onEnd = { [unowned self] _ in self.count("server") }
        owners.1.onOpen = { [unowned self] _, id, _ in
            Tunnel(self.server) { [unowned self] _ in self.count("far tunnel") }.accept(id, with: self.far.channel)
        }
        for (place, handler) in [(Place.client, self.client), (Place.server, self.server)] {
            let transport = transport[place] ?? FailingTransport(failing: nil)
            let channel = EmbeddedChannel(handlers: [transport, handler], loop: self.loop)
            self.connections[place] = (channel, transport)
            _ = channel.connect(to: try SocketAddress(ipAddress: "127.0.0.1", port: 2))
        }
    }

    private func count(_ name: String) {
        self.endings[name, default: 0] += 1
    }

    private func openTunnel() {
        self.count("near tunnel begun")
        let addresses = TunnelAddresses(host: "h", port: 1, originatorAddress: "127.0.0.1", originatorPort: 1)
        Tunnel(self.client) { [unowned self] _ in self.count("near tunnel") }
            .open(.directTCPIP(addresses), for: self.near.channel)
    }

    /// Carries bytes between the two connections until neither has more to say.
    func run() {
        var isMoving = true
        while isMoving {
            isMoving = false
            self.loop.run()
            self.near.take()
            self.far.take()
            for (from, to) in [(Place.client, Place.server), (.server, .client)] {
                guard let (source, transport) = self.connections[from], let sink = self.connections[to]?.channel
                else { continue }
                while let bytes = try? source.readOutbound(as: ByteBuffer.self) {
                    isMoving = true
                    if sink.isActive { _ = try? sink.writeInbound(bytes) }
                }
                let isOver = !source.isActive || transport.hasEndedOutput
                if isOver, sink.isActive {
                    isMoving = true
                    _ = sink.close()
                }
            }
        }
    }

    /// Ends what is left, and lets every timer run out.
    func end() {
        self.client.disconnect(.byApplication, "done")
        self.run()
        self.loop.advanceTime(by: .seconds(10))
        self.run()
    }
}
