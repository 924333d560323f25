import Logging
import NIOCore
import NIOEmbedded
import SSHCrypto
import SSHProtocol
import SSHTestFixtures
import SSHWire
import Testing

@testable import SSHServer

/// A relay without sockets of its own, and a client's engine on a socket in memory that is connected to it.
final class RelayBench {
    /// No Unix account has this name.
    static let user = "no-such-unix-account"
    /// Each is at least a millisecond.
    private static let mostTurns = 20_000

    private let folder = TemporaryFolder()
    let context: RelayContext
    private let loop = NIOAsyncTestingEventLoop()
    private let channel: NIOAsyncTestingChannel
    private(set) var client: Engine
    private(set) var clientEvents: [Event] = []
    private(set) var clientError: SSHError?

    /// - Parameters:
    ///   - configuration: lines of it.
    ///   - options: what stands before the key in the account's file.
    init(_ configuration: String = "", options: String = "") async throws {
        let random = SeededRandom(seed: 5)
        let (hostKey, userKey) = (
            try Ed25519PrivateKey.generate(random: random), try Ed25519PrivateKey.generate(random: random)
        )
        let text = try OpenSSHPrivateKeyFile.encode(.ed25519(hostKey), comment: "", random: random)
        self.folder.write("host", String(decoding: text, as: UTF8.self))
        self.folder.write("keys", "\(options) \(userKey.publicKey.openSSHText)\n")
        let lines = "HostKey FOLDER/host\nAuthorizedKeysFile FOLDER/keys\nStrictModes no\n\(configuration)\n"
        let file = self.folder.write("config", lines.replacing("FOLDER", with: self.folder.path))
        let rules = try RelayRules(
            configuration: try ServerConfiguration.load(file: file, supported: .all),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        self.context = RelayContext(rules)
        var client = EngineConfiguration(role: .client)
        client.user = Self.user
        client.identities = [userKey]
        self.client = try Engine(configuration: client, random: SeededRandom(seed: 6), now: .now())
        self.channel = NIOAsyncTestingChannel(loop: self.loop)
        try await self.channel.connect(to: SocketAddress(ipAddress: "192.0.2.7", port: 40_000)).get()
        let (channel, context) = (self.channel, self.context)
        try await self.loop.executeInContext { try Admission.begin(on: channel, context) }
    }

    /// The line with the user's key is there no more.
    func revokeKey() {
        self.folder.write("keys", "# nobody\n")
    }

    /// Lets both sides talk until it is so, or the client has been told that it is over.
    func run(until isDone: (borrowing Engine) -> Bool) async throws {
        // Turns, not seconds: beside a thousand other tests a turn may take seconds.
        for _ in 0..<Self.mostTurns {
            await self.loop.advanceTime(by: .milliseconds(1))
            while let bytes = try await self.channel.readOutbound(as: ByteBuffer.self) {
                self.client.receive(bytes, now: .now())
            }
            do {
                while let event = try self.client.nextEvent(now: .now()) {
                    self.clientEvents.append(event)
                    if case .hostKey = event { try self.client.acceptHostKey() }
                }
            } catch {
                self.clientError = error as? SSHError
                return
            }
            if isDone(self.client) { return }
            let words = try self.client.takeOutput(limit: 1 << 20, now: .now())
            if words.readableBytes > 0 { try await self.channel.writeInbound(words) }
            // A login may be judged on another thread.
            try await Task.sleep(for: .milliseconds(1))
        }
        Issue.record("it never comes to that")
    }

    func logIn() async throws {
        try await self.run { $0.isAuthenticated }
    }

    /// Says something as the client.
    func say<Result>(_ body: (inout Engine) throws -> Result) rethrows -> Result {
        try body(&self.client)
    }

    /// Asks the relay's connection.
    func ask<Answer: Sendable>(_ body: @escaping @Sendable (ServerConnection) -> Answer) async throws -> Answer? {
        guard let connection = self.context.connections.all.first else { return nil }
        return try await self.loop.executeInContext { body(connection.value) }
    }

    /// What the connection is doing; nil if there is none.
    func phase() async throws -> String? {
        try await self.ask { connection in
            switch connection.phase {
            case .beginning: "beginning"
            case .loggedIn(let loggedIn): "logged in as \(loggedIn.login.user)"
            case .ended: "ended"
            }
        }
    }
}
