import NIOCore
import NIOEmbedded
import SSHCrypto
import SSHProtocol
import SSHWire

@testable import SSHForwarding

/// A client's and a server's connection without sockets.
final class EmbeddedConnections {
    let clientOwner = SigningOwner()
    let serverOwner = SigningOwner()
    let client: ConnectionHandler
    let server: ConnectionHandler
    private let clientChannel: EmbeddedChannel
    private let serverChannel: EmbeddedChannel
    private let loop = EmbeddedEventLoop()

    init(
        hostKey: any KeyPair,
        identities: [any KeyPair] = [],
        client adjust: (inout EngineConfiguration) -> Void = { _ in }
    ) throws {
        var server = EngineConfiguration(role: .server)
        server.hostKeys = [hostKey]
        var client = EngineConfiguration(role: .client)
        client.user = "alice"
        client.identities = identities
        adjust(&client)
        self.client = try ConnectionHandler(configuration: client, random: SystemRandom(), owner: self.clientOwner)
        self.server = try ConnectionHandler(configuration: server, random: SystemRandom(), owner: self.serverOwner)
        self.clientChannel = EmbeddedChannel(handler: self.client, loop: self.loop)
        self.serverChannel = EmbeddedChannel(handler: self.server, loop: self.loop)
        for channel in [self.clientChannel, self.serverChannel] {
            channel.connect(to: try SocketAddress(ipAddress: "127.0.0.1", port: 22), promise: nil)
        }
    }

    /// Lets both talk until neither has anything to say.
    func run() {
        var hasMoved = true
        while hasMoved {
            self.loop.run()
            hasMoved = Self.move(self.clientChannel, self.serverChannel)
            hasMoved = Self.move(self.serverChannel, self.clientChannel) || hasMoved
        }
    }

    func close() {
        self.clientChannel.close(promise: nil)
        self.serverChannel.close(promise: nil)
        self.loop.run()
    }

    private static func move(_ from: EmbeddedChannel, _ to: EmbeddedChannel) -> Bool {
        var hasMoved = false
        while let bytes = try? from.readOutbound(as: ByteBuffer.self) {
            hasMoved = true
            _ = try? to.writeInbound(bytes)
        }
        return hasMoved
    }
}

/// Accepts every key, lets everybody in, and keeps what is to be signed.
final class SigningOwner: ConnectionOwner {
    private(set) var requests: [(request: SignatureRequest, promise: EventLoopPromise<[UInt8]>)] = []
    private(set) var isAuthenticated = false
    private(set) var end: SSHError?

    /// Gives a signature, or an error, for what was asked for last.
    @discardableResult
    func takeRequest(_ answer: (SignatureRequest) -> any Error) -> SignatureRequest? {
        guard let (request, promise) = self.requests.popLast() else { return nil }
        promise.fail(answer(request))
        return request
    }

    func sign(with key: any SigningKey) throws {
        guard let (request, promise) = self.requests.popLast() else { return }
        promise.succeed(try key.sign(request.bytes, algorithm: request.algorithm))
    }

    func connectionIdentified(_ connection: ConnectionHandler, peer: String) {}
    func connectionNegotiated(_ connection: ConnectionHandler, _ algorithms: NegotiatedAlgorithms, isFirst: Bool) {}
    func connection(_ connection: ConnectionHandler, banner: ByteBuffer) {}
    func connection(_ connection: ConnectionHandler, authenticationFailedFor user: String) {}
    func connection(_ connection: ConnectionHandler, request: GlobalRequest.Request, reply: UInt64?) {}
    func connection(_ connection: ConnectionHandler, reply: UInt64, success: ByteBuffer?) {}
    func connection(_ connection: ConnectionHandler, open channel: ChannelID, _ kind: ChannelOpen.Kind) {}

    func connection(_ connection: ConnectionHandler, verify hostKey: HostKeyToVerify) {
        connection.perform { try $0.acceptHostKey() }
    }

    func connection(
        _ connection: ConnectionHandler,
        sign request: SignatureRequest,
        _ signature: EventLoopPromise<[UInt8]>
    ) {
        self.requests.append((request, signature))
    }

    func connection(_ connection: ConnectionHandler, authenticate request: AuthenticationRequest) {
        connection.perform { try $0.answerAuthentication(isAllowed: true) }
    }

    func connectionAuthenticated(_ connection: ConnectionHandler) {
        self.isAuthenticated = true
    }

    func connectionEnded(_ connection: ConnectionHandler, _ reason: SSHError) {
        self.end = reason
    }
}
