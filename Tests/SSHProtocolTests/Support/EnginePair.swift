import NIOCore
import SSHCrypto
import SSHWire
import Testing

@testable import SSHProtocol

/// A client engine against a server engine in memory. Time is a number, and the bytes between them can be cut anywhere.
///
/// It answers what the layers above would: the host key is accepted, the one authorised key may log in, channels are
/// confirmed, and all else is kept for the test to look at.
final class EnginePair {
    enum Side { case client, server }

    var client: Engine
    var server: Engine
    var now = NIODeadline.uptimeNanoseconds(1_000_000_000)
    var clientEvents: [Event] = []
    var serverEvents: [Event] = []
    var clientError: SSHError?
    var serverError: SSHError?
    /// What the server says to a key.
    var authorizes: (AuthenticationRequest) -> Bool
    /// Whether the server confirms channels by itself.
    var confirmsChannels = true
    /// Whether the server closes channels that the client has closed.
    var closesChannels = true
    /// Data that each side received, by channel number.
    var receivedByServer: [UInt32: [UInt8]] = [:]
    var receivedByClient: [UInt32: [UInt8]] = [:]
    /// Whether received data counts as delivered at once.
    var delivers = true
    /// Signatures that the engines asked for and that the test has not given.
    var awaitedSignatures: [(side: Side, request: SignatureRequest)] = []

    let userKey: Ed25519PrivateKey
    let hostKey: Ed25519PrivateKey
    private var cuts: SeededRandom?
    private var toServer = ByteBuffer()
    private var toClient = ByteBuffer()

    init(
        seed: UInt64 = 1,
        cut: Bool = false,
        client adjustClient: (inout EngineConfiguration) -> Void = { _ in },
        server adjustServer: (inout EngineConfiguration) -> Void = { _ in }
    ) throws {
        let random = SeededRandom(seed: seed)
        let userKey = try Ed25519PrivateKey.generate(random: random)
        let hostKey = try Ed25519PrivateKey.generate(random: random)
        var client = EngineConfiguration(role: .client)
        client.user = "alice"
        client.identities = [userKey]
        // ML-KEM draws its own randomness; what is to be the same in every run uses curve25519.
        client.algorithms.keyExchange = [.curve25519]
        adjustClient(&client)
        var server = EngineConfiguration(role: .server)
        server.hostKeys = [hostKey]
        adjustServer(&server)
        self.userKey = userKey
        self.hostKey = hostKey
        self.authorizes = { request in
            guard case .key(let key) = request.credential else { return false }
            return request.user == "alice" && key == userKey.publicKey
        }
        self.client = try Engine(configuration: client, random: SeededRandom(seed: seed + 1), now: self.now)
        self.server = try Engine(configuration: server, random: SeededRandom(seed: seed + 2), now: self.now)
        self.cuts = cut ? SeededRandom(seed: seed + 3) : nil
    }

    /// Lets both sides talk until neither has anything to say.
    func run(limit: Int = 100_000) {
        for _ in 0..<limit {
            self.collectOutput()
            let moved = [self.move(to: .server), self.move(to: .client)].contains(true)
            if !moved, !self.hasWork { return }
        }
        Issue.record("the engines never stop talking")
    }

    /// Goes on until both sides have keys; the client's first words after that are still on their way.
    func exchangeKeysOnly() throws {
        for _ in 0..<100 where !self.client.transport.hasKeys {
            self.collectOutput()
            if !self.move(to: .server) || !self.client.transport.hasKeys { _ = self.move(to: .client) }
        }
        let haveKeys = self.client.transport.hasKeys && self.server.transport.hasKeys
        try #require(haveKeys)
    }

    /// Logs in, and says so if that fails.
    func logIn() throws {
        self.run()
        try #require(self.clientError == nil && self.serverError == nil)
        let areAuthenticated = self.client.isAuthenticated && self.server.isAuthenticated
        try #require(areAuthenticated)
    }

    /// Opens a channel from the client and waits until it is confirmed.
    func openChannel() throws -> ChannelID {
        let kind = ChannelOpen.Kind.directTCPIP(
            TunnelAddresses(host: "localhost", port: 80, originatorAddress: "127.0.0.1", originatorPort: 4711)
        )
        let opened = try self.client.openChannel(kind)
        let id = try #require(opened)
        self.run()
        return id
    }

    // A macro cannot look into a value that cannot be copied.
    var serverIsAuthenticated: Bool { self.server.isAuthenticated }
    var serverIsClosed: Bool { self.server.isClosed }

    /// The server's name for the channel that it was asked to open last.
    var serverChannel: ChannelID? {
        self.serverEvents.compactMap { if case .channelOpen(let id, _) = $0 { id } else { nil } }.last
    }

    /// Puts bytes on the wire that no engine wrote.
    func inject(_ bytes: ByteBuffer, to side: Side) {
        var bytes = bytes
        if side == .server { self.toServer.writeBuffer(&bytes) } else { self.toClient.writeBuffer(&bytes) }
    }

    /// Sends a message that the engine itself would not send, sealed as if it had.
    func send(_ message: some WireMessage, from side: Side) throws {
        try self.send(payload: message.payload().buffer, from: side)
    }

    func send(payload: ByteBuffer, times: Int = 1, from side: Side) throws {
        self.collectOutput()
        let (random, none) = (SeededRandom(seed: 99), ByteBuffer())
        for _ in 0..<times {
            switch side {
            case .client: try self.client.transport.transmitter.send(header: payload, body: none, random: random)
            case .server: try self.server.transport.transmitter.send(header: payload, body: none, random: random)
            }
        }
        self.run()
    }

    // MARK: Signatures

    /// Gives an engine a signature, or none; an error ends its connection.
    func answer(_ side: Side, _ request: SignatureRequest, _ signature: [UInt8]?) {
        do {
            switch (side, signature) {
            case (.client, let signature?): try self.client.provide(signature: signature, for: request.id)
            case (.client, nil): try self.client.failSignature(for: request.id, "nobody signs")
            case (.server, let signature?): try self.server.provide(signature: signature, for: request.id)
            case (.server, nil): try self.server.failSignature(for: request.id, "nobody signs")
            }
        } catch {
            self.fail(side, error)
        }
    }

    /// The signature that was asked for last.
    func takeAwaited() throws -> (side: Side, request: SignatureRequest) {
        let last = self.awaitedSignatures.popLast()
        return try #require(last)
    }

    /// Signs what is awaited, until nothing is any more.
    func sign(with keys: [any SigningKey]) throws {
        self.run()
        while let (side, request) = self.awaitedSignatures.popLast() {
            let key = try #require(keys.first { $0.publicKey == request.key })
            self.answer(side, request, try key.sign(request.bytes, algorithm: request.algorithm))
            self.run()
        }
    }

    /// Has the client ask for a proof of host keys.
    ///
    /// - Returns: the request's number at the server.
    func askForProof(_ request: ByteBuffer) throws -> UInt64 {
        _ = try self.client.sendGlobalRequest(.other(name: HostKeyUpdate.proof, data: request), wantReply: true)
        self.run()
        return try #require(
            self.serverEvents.compactMap { if case .globalRequest(_, let reply) = $0 { reply } else { nil } }.last
        )
    }

    /// What the server answered to the client's global requests.
    var globalReplies: [ByteBuffer?] {
        self.clientEvents.compactMap { event -> ByteBuffer?? in
            guard case .globalReply(_, let data) = event else { return nil }
            return .some(data)
        }
    }

    // MARK: Moving bytes

    /// Moves some bytes one way: nothing may be there to move.
    func step(to side: Side) {
        self.collectOutput()
        _ = self.move(to: side)
    }

    func collectOutput() {
        do {
            var output = try self.client.takeOutput(limit: 1 << 20, now: self.now)
            self.toServer.writeBuffer(&output)
        } catch {
            self.fail(.client, error)
        }
        do {
            var output = try self.server.takeOutput(limit: 1 << 20, now: self.now)
            self.toClient.writeBuffer(&output)
        } catch {
            self.fail(.server, error)
        }
    }

    private var hasWork: Bool {
        self.toServer.readableBytes > 0 || self.toClient.readableBytes > 0 || self.client.hasOutput
            || self.server.hasOutput || self.client.hasEvents || self.server.hasEvents
    }

    private func move(to side: Side) -> Bool {
        let available = side == .server ? self.toServer.readableBytes : self.toClient.readableBytes
        var count = available
        if available > 0, let cuts = self.cuts { count = 1 + Int(cuts.randomBytes(1)[0]) % min(available, 200) }
        let piece = side == .server ? self.toServer.readSlice(length: count) : self.toClient.readSlice(length: count)
        if side == .server { self.toServer.discardReadBytes() } else { self.toClient.discardReadBytes() }
        do {
            if side == .server {
                if let piece, count > 0 { self.server.receive(piece, now: self.now) }
                while let event = try self.server.nextEvent(now: self.now) { try self.serverHandles(event) }
            } else {
                if let piece, count > 0 { self.client.receive(piece, now: self.now) }
                while let event = try self.client.nextEvent(now: self.now) { try self.clientHandles(event) }
            }
        } catch {
            self.fail(side, error)
        }
        return count > 0
    }

    private func fail(_ side: Side, _ error: any Error) {
        let error = error as? SSHError ?? SSHError(.system, "\(error)")
        if side == .client {
            self.clientError = self.clientError ?? error
            self.client.fail(error)
        } else {
            self.serverError = self.serverError ?? error
            self.server.fail(error)
        }
    }

    private func clientHandles(_ event: Event) throws {
        self.clientEvents.append(event)
        switch event {
        case .hostKey: try self.client.acceptHostKey()
        case .signatureWanted(let request): self.awaitedSignatures.append((.client, request))
        case .channelOpen(let id, _): try self.client.confirmChannel(id)
        case .globalRequest(_, .some(let reply)): try self.client.answerGlobalRequest(reply, success: nil)
        case .channelData(let id, let data):
            self.receivedByClient[id.number, default: []] += Array(data.readableBytesView)
            if self.delivers { try self.client.delivered(data.readableBytes, on: id, now: self.now) }
        case .channelCloseReceived(let id): try self.client.closeChannel(id)
        default: break
        }
    }

    private func serverHandles(_ event: Event) throws {
        self.serverEvents.append(event)
        switch event {
        case .authenticationRequest(let request):
            try self.server.answerAuthentication(isAllowed: self.authorizes(request))
        case .signatureWanted(let request): self.awaitedSignatures.append((.server, request))
        case .channelOpen(let id, _) where self.confirmsChannels: try self.server.confirmChannel(id)
        case .channelData(let id, let data):
            self.receivedByServer[id.number, default: []] += Array(data.readableBytesView)
            if self.delivers { try self.server.delivered(data.readableBytes, on: id, now: self.now) }
        case .channelCloseReceived(let id) where self.closesChannels: try self.server.closeChannel(id)
        default: break
        }
    }
}

extension Array<UInt8> {
    /// Bytes that differ from place to place.
    static func pattern(_ count: Int, seed: UInt64 = 7) -> [UInt8] {
        SeededRandom(seed: seed).randomBytes(count)
    }
}
