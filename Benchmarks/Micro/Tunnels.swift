import Benchmark
import NIOCore
import SSHCrypto
import SSHProtocol
import SSHWire

/// Two engines and one channel: bytes go in at the client and come out at the server, and credit comes back.
private final class EngineTunnel {
    private var client: Engine
    private var server: Engine
    private var channel: ChannelID?
    private let now = NIODeadline.now()
    private var received = 0

    init(_ cipher: CipherAlgorithm) throws {
        let random = SystemRandom()
        let userKey = try Ed25519PrivateKey.generate(random: random)
        var client = EngineConfiguration(role: .client)
        client.algorithms.ciphers = [cipher]
        client.user = "alice"
        client.identities = [userKey]
        // The keys must last: a renewal is not what is measured.
        client.rekeyLimit.bytes = .max
        var server = EngineConfiguration(role: .server)
        server.hostKeys = [try Ed25519PrivateKey.generate(random: random)]
        server.rekeyLimit.bytes = .max
        self.client = try Engine(configuration: client, random: random, now: self.now)
        self.server = try Engine(configuration: server, random: random, now: self.now)
        try self.talk()
        let address = TunnelAddresses(host: "localhost", port: 80, originatorAddress: "127.0.0.1", originatorPort: 1)
        self.channel = try self.client.openChannel(.directTCPIP(address))
        try self.talk()
    }

    /// Carries one piece to the other side.
    func carry(_ piece: ByteBuffer) throws {
        guard let channel = self.channel else { throw SSHError(.misuse, "no channel was opened") }
        self.received = 0
        self.client.send(piece, on: channel)
        try self.talk()
        guard self.received == piece.readableBytes else { throw SSHError(.misuse, "bytes did not arrive") }
    }

    private func talk() throws {
        while true {
            let toServer = try self.client.takeOutput(limit: 512 * 1024, now: self.now)
            if toServer.readableBytes > 0 { self.server.receive(toServer, now: self.now) }
            while let event = try self.server.nextEvent(now: self.now) { try self.serverHandles(event) }
            let toClient = try self.server.takeOutput(limit: 512 * 1024, now: self.now)
            if toClient.readableBytes > 0 { self.client.receive(toClient, now: self.now) }
            while let event = try self.client.nextEvent(now: self.now) {
                if case .hostKey = event { try self.client.acceptHostKey() }
            }
            if toServer.readableBytes == 0, toClient.readableBytes == 0 { return }
        }
    }

    private func serverHandles(_ event: Event) throws {
        switch event {
        case .authenticationRequest: try self.server.answerAuthentication(isAllowed: true)
        case .channelOpen(let id, _): try self.server.confirmChannel(id)
        case .channelData(let id, let data):
            self.received += data.readableBytes
            try self.server.delivered(data.readableBytes, on: id, now: self.now)
        default: break
        }
    }
}

/// A channel's data path in memory, both engines counted. One piece is what one read of a socket brings.
func tunnels() {
    for cipher in [CipherAlgorithm.aes256GCM, .aes128GCM, .chacha20Poly1305] {
        for size in [64, 32_768, 262_144] {
            measure("tunnel \(cipher.rawValue), pieces of \(size) bytes") {
                let tunnel = try EngineTunnel(cipher)
                let piece = ByteBuffer(repeating: 7, count: size)
                return { try tunnel.carry(piece) }
            }
        }
    }
}
