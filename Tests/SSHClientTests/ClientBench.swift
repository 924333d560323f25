import NIOCore
import NIOEmbedded
import SSHCrypto
import SSHForwarding
import SSHProtocol
import SSHWire
import Testing

@testable import SSHClient

/// A client's connection on a socket in memory, against a server's engine that lets everybody in.
final class ClientBench {
    static let host = "relay.example"
    static let hostKey = key(1)
    static let otherHostKey = key(2)

    let folder: TemporaryFolder
    let connection: ClientConnection
    private let configuration: ClientConfiguration
    private var server: Engine
    private(set) var serverEvents: [Event] = []
    private(set) var serverError: (any Error)?
    private let channel: EmbeddedChannel

    /// - Parameters:
    ///   - knownHosts: lines; `HOST` stands for the name under which the server is known.
    ///   - certificate: of the server's key, which it shows to whoever wants one.
    ///   - options: what `-o` says; `FOLDER` stands for the folder with the files.
    init(
        knownHosts: String,
        files: [String: String] = [:],
        certificate: Certificate? = nil,
        options: String...
    ) throws {
        let folder = try TemporaryFolder()
        let random = SeededRandom(seed: 3)
        let identity = try OpenSSHPrivateKeyFile.encode(.ed25519(Self.key(3)), comment: "", random: random)
        try folder.write("id", String(decoding: identity, as: UTF8.self))
        try folder.write("known_hosts", knownHosts.replacing("HOST", with: Self.host) + "\n")
        for (name, text) in files { try folder.write(name, text) }
        let fixed = ["UserKnownHostsFile FOLDER/known_hosts", "GlobalKnownHostsFile none", "IdentityFile FOLDER/id"]
        let words = (fixed + options).flatMap { ["-o", $0.replacing("FOLDER", with: folder.path)] }
        let environment = folder.environment()
        guard
            case .connect(let line) = try ClientCommandLine.parse(
                ["-F", "none"] + words + [Self.host],
                environment: environment
            )
        else { throw SSHError(.misuse, "the options are no connection") }
        let configuration = try ClientConfiguration.load(line, environment: environment, algorithms: testAlgorithms)
        let destination = SSHDestination(
            host: configuration.hostName,
            port: configuration.port,
            user: configuration.user,
            identities: try configuration.identityFiles.map { try Identity(file: $0) },
            options: ConnectionOptions(configuration)
        )
        let verifier = try KnownHostsVerifier(configuration.knownHostsRules)
        let loop = EmbeddedEventLoop()
        self.folder = folder
        self.configuration = configuration
        self.connection = ClientConnection(destination, verifier, eventLoop: loop)
        var server = EngineConfiguration(role: .server)
        server.hostKeys = [Self.hostKey]
        server.hostCertificates = [certificate].compactMap(\.self)
        server.algorithms.hostKey = AlgorithmPreferences.hostCertificates + server.algorithms.hostKey
        self.server = try Engine(configuration: server, random: SeededRandom(seed: 4), now: .now())
        self.channel = EmbeddedChannel(loop: loop)
        try self.channel.connect(to: SocketAddress(ipAddress: "192.0.2.1", port: 22)).wait()
        try self.connection.start(on: self.channel)
        self.run()
    }

    private static func key(_ seed: UInt8) -> Ed25519PrivateKey {
        do {
            return try Ed25519PrivateKey(seed: SecretBytes(bytes: [UInt8](repeating: seed, count: 32)))
        } catch {
            preconditionFailure("a seed of 32 bytes is right: \(error)")
        }
    }

    deinit {
        _ = try? self.channel.finish(acceptAlreadyClosed: true)
    }

    /// Lets both sides talk until neither has anything to say.
    func run() {
        do {
            for _ in 0..<1_000 {
                self.channel.embeddedEventLoop.run()
                var hasMoved = false
                while let bytes = try self.channel.readOutbound(as: ByteBuffer.self) {
                    self.server.receive(bytes, now: .now())
                    hasMoved = true
                }
                while let event = try self.server.nextEvent(now: .now()) { try self.handle(event) }
                let words = try self.server.takeOutput(limit: 1 << 20, now: .now())
                if words.readableBytes > 0, self.channel.isActive {
                    try self.channel.writeInbound(words)
                    hasMoved = true
                }
                if !hasMoved { return }
            }
            Issue.record("they never stop talking")
        } catch {
            self.serverError = error
        }
    }

    private func handle(_ event: Event) throws {
        self.serverEvents.append(event)
        switch event {
        case .authenticationRequest: try self.server.answerAuthentication(isAllowed: true)
        case .globalRequest(_, .some(let reply)): try self.server.answerGlobalRequest(reply, success: ByteBuffer())
        default: break
        }
    }

    /// Says something as the server.
    func serve<Result>(_ body: (inout Engine) throws -> Result) rethrows -> Result {
        let result = try body(&self.server)
        self.run()
        return result
    }

    /// Sets up the forwards that the options ask for.
    func startForwards() {
        _ = self.connection.forward(self.configuration.forwardRequests, ForwardOptions(self.configuration))
        self.run()
    }

    /// Why the login failed; nil if it succeeded or is not over.
    var loginFailure: SSHError? {
        var failure: SSHError?
        self.connection.loggedIn.futureResult.assumeIsolated().whenFailure {
            failure = ($0 as? ConnectionFailure)?.error
        }
        return failure
    }

    /// What the client has asked the server to listen on.
    var requestedListeners: [ForwardAddress] {
        self.serverEvents.compactMap {
            if case .globalRequest(.tcpipForward(let address), _) = $0 { address } else { nil }
        }
    }

    /// What the server has received on its channels.
    var received: [UInt8] {
        self.serverEvents.flatMap { event -> [UInt8] in
            if case .channelData(_, let data) = event { Array(data.readableBytesView) } else { [] }
        }
    }
}
