import Logging
import NIOCore
import NIOPosix
import SSHCrypto
import SSHForwarding
import SSHProtocol
import SSHServer
import SSHWire
import Testing

@testable import SSHClient

/// Connections of this library to a relay of it, in one process.
struct SSHConnectionTests {
    @Test func aListenerOfOneConnectionIsReachedByAnother() async throws {
        let relay = try await TestRelay.start()
        let device = try await relay.connect("device")
        let listener = try await device.listen(on: .port(.unspecified, 0))
        let port = try #require(listener.port)
        let answering = Task {
            for try await incoming in listener {
                #expect(incoming.originator != nil)
                for try await bytes in incoming.stream { try await incoming.stream.write(bytes) }
                try await incoming.stream.finish()
            }
        }
        let laptop = try await relay.connect("laptop")
        let tunnel = try await laptop.openTunnel(to: .host("localhost", port: port))
        try await tunnel.write("hello")
        try await tunnel.finish()
        var answer = ""
        for try await bytes in tunnel { answer += String(buffer: bytes) }
        #expect(answer == "hello")
        await listener.close()
        try await answering.value
        await laptop.close()
        await device.close()
        try await relay.stop()
    }

    @Test func whatIsRefusedHasACode() async throws {
        let relay = try await TestRelay.start()
        let stranger = await #expect(throws: ConnectionFailure.self) { _ = try await relay.connect("stranger") }
        #expect(stranger?.code == .authenticationFailed)
        #expect(stranger?.stage == .loggingIn)
        #expect(stranger?.login?.offered.count == 1)
        let laptop = try await relay.connect("laptop")
        let listener = await #expect(throws: SSHError.self) { _ = try await laptop.listen(on: .port(.unspecified, 0)) }
        #expect(listener?.code == .forwardingFailed)
        let device = try await relay.connect("device")
        let tunnel = await #expect(throws: TunnelRefusal.self) {
            _ = try await device.openTunnel(to: .host("localhost", port: 80))
        }
        #expect(tunnel?.reason == .administrativelyProhibited)
        await laptop.close()
        await device.close()
        try await relay.stop()
    }

    @Test func anotherHostIsNotBelieved() async throws {
        let relay = try await TestRelay.start()
        let destination = SSHDestination(
            host: "127.0.0.1",
            port: relay.port,
            user: "laptop",
            hostKeys: .keys([relay.userKey.publicKey])
        )
        let failure = await #expect(throws: ConnectionFailure.self) {
            _ = try await SSHConnection.connect(to: destination)
        }
        #expect(failure?.code == .hostKeyRejected)
        try await relay.stop()
    }

    @Test func theWayLeadsThroughAnotherServer() async throws {
        let (near, far) = (try await TestRelay.start(), try await TestRelay.start())
        let hop = near.destination("laptop")
        let connection = try await SSHConnection.connect(to: far.destination("device"), through: [hop])
        let listener = try await connection.listen(on: .port(.unspecified, 0))
        #expect(listener.port != nil)
        await connection.close()
        // What goes wrong on the way names the server where it does.
        let wrong = near.destination("stranger")
        let failure = await #expect(throws: ConnectionFailure.self) {
            _ = try await SSHConnection.connect(to: far.destination("device"), through: [wrong])
        }
        #expect(failure?.user == "stranger")
        #expect(failure?.port == near.port)
        try await near.stop()
        try await far.stop()
    }

    @Test func theEndOfTheServerIsTheEndOfTheConnection() async throws {
        let relay = try await TestRelay.start()
        let connection = try await relay.connect("laptop")
        try await relay.stop()
        let failure = await #expect(throws: ConnectionFailure.self) { try await connection.waitForEnd() }
        #expect(failure?.stage == .loggedIn)
        var last: ConnectionEvent?
        for await event in connection.events { last = event }
        if case .ended = last {} else { Issue.record("the last event is the end") }
        await #expect(throws: (any Error).self) {
            _ = try await connection.openTunnel(to: .host("localhost", port: 80))
        }
    }

    @Test func whoeverIsCancelledDoesNotWaitForTheServer() async throws {
        let silent = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(host: "127.0.0.1", port: 0).get()
        let port = UInt16(clamping: silent.localAddress?.port ?? 0)
        let (connected, continuation) = AsyncStream.makeStream(of: Void.self)
        var destination = SSHDestination(host: "127.0.0.1", port: port, user: "a", hostKeys: .keys([]))
        destination.options.onEvent = { if case .connected = $0 { continuation.yield() } }
        let connecting = Task { [destination] in _ = try await SSHConnection.connect(to: destination) }
        for await _ in connected { break }
        connecting.cancel()
        await #expect(throws: CancellationError.self) { try await connecting.value }
        try await silent.close()
    }
}

/// A relay in this process, for devices that listen and laptops that connect.
private final class TestRelay: Sendable {
    let hostKey: PrivateKey
    let userKey: PrivateKey
    let port: UInt16
    private let server: RelayServer
    private let serving: Task<Void, any Error>

    private struct Policy: RelayPolicy {
        let key: PublicKey

        func mayLogIn(_ login: RelayLogin) -> Bool {
            ["device", "laptop"].contains(login.user) && login.key == self.key && login.clientAddress == "127.0.0.1"
        }

        func mayListen(on endpoint: RelayEndpoint, _ login: RelayLogin) -> Bool { login.user == "device" }
        func mayOpen(_ endpoint: RelayEndpoint, _ login: RelayLogin) -> Bool { login.user == "laptop" }
    }

    static func start() async throws -> TestRelay {
        let random = SystemRandom()
        let hostKey = try PrivateKey.generate(.ed25519, random: random)
        let userKey = try PrivateKey.generate(.ed25519, random: random)
        var configuration = ServerConfiguration.embedded
        configuration.listenAddresses = [ListenAddress(host: "127.0.0.1", port: 0)]
        configuration.shutdownGrace = nil
        // Tests that are refused come from one address.
        configuration.perSourcePenalties.isEnabled = false
        let server = try RelayServer(
            configuration: configuration,
            logger: Logger(label: "relay") { _ in SwiftLogNoOpLogHandler() },
            policy: Policy(key: userKey.publicKey),
            hostKeys: [hostKey],
            on: MultiThreadedEventLoopGroup.singleton
        )
        let serving = Task { try await server.run() }
        let port = UInt16(clamping: try await server.addresses().first?.port ?? 0)
        return TestRelay(hostKey, userKey, port, server, serving)
    }

    private init(
        _ hostKey: PrivateKey,
        _ userKey: PrivateKey,
        _ port: UInt16,
        _ server: RelayServer,
        _ serving: Task<Void, any Error>
    ) {
        self.hostKey = hostKey
        self.userKey = userKey
        self.port = port
        self.server = server
        self.serving = serving
    }

    func destination(_ user: String) -> SSHDestination {
        SSHDestination(
            host: "127.0.0.1",
            port: self.port,
            user: user,
            identities: [self.userKey],
            hostKeys: .keys([self.hostKey.publicKey])
        )
    }

    func connect(_ user: String) async throws -> SSHConnection {
        try await SSHConnection.connect(to: self.destination(user))
    }

    func stop() async throws {
        self.server.stop()
        try await self.serving.value
    }
}
