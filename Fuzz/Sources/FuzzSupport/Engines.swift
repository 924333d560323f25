import NIOCore
import SSHCrypto
import SSHProtocol
import SSHWire

/// Engines in the states that the targets begin with. The seeds are fixed: a crash can be run again.
public enum Engines {
    public static let start = NIODeadline.uptimeNanoseconds(1_000_000_000)

    private static let userKey = try? Ed25519PrivateKey.generate(random: SeededRandom(seed: 1))
    private static let hostKey = try? Ed25519PrivateKey.generate(random: SeededRandom(seed: 2))

    public static func makeServer() throws -> Engine {
        var configuration = EngineConfiguration(role: .server)
        configuration.hostKeys = [self.hostKey].compactMap { $0 }
        configuration.announcesLogin = true
        configuration.algorithms.keyExchange = [.curve25519, .mlkem768x25519]
        return try Engine(configuration: configuration, random: SeededRandom(seed: 3), now: self.start)
    }

    public static func makeClient() throws -> Engine {
        var configuration = EngineConfiguration(role: .client)
        configuration.user = "fuzz"
        configuration.identities = [self.userKey].compactMap { $0 }
        configuration.algorithms.keyExchange = [.curve25519]
        configuration.algorithms.hostKey += AlgorithmPreferences.hostCertificates
        return try Engine(configuration: configuration, random: SeededRandom(seed: 4), now: self.start)
    }

    /// Takes everything that an engine has to say, and answers what the layer above is asked.
    public static func drain(_ engine: inout Engine) throws {
        var channels: [ChannelID] = []
        while let event = try engine.nextEvent(now: self.start) {
            switch event {
            case .hostKey: try engine.acceptHostKey()
            case .loginBegins: try engine.beginLogin()
            case .authenticationRequest: try engine.answerAuthentication(isAllowed: true)
            case .globalRequest(.other(HostKeyUpdate.proof, let data), .some(let reply)):
                _ = try engine.proveHostKeys(data, reply: reply)
            case .globalRequest(_, .some(let reply)): try engine.answerGlobalRequest(reply, success: ByteBuffer())
            case .channelOpen(let id, _):
                try engine.confirmChannel(id)
                channels.append(id)
                engine.send(ByteBuffer(repeating: 1, count: 100), on: id)
            case .channelData(let id, let data): try engine.delivered(data.readableBytes, on: id, now: self.start)
            case .channelRequest(let id, _, _, .some(let reply)):
                try engine.answerChannelRequest(reply, success: true, on: id)
            case .channelCloseReceived(let id): try engine.closeChannel(id)
            case .channelEOF(let id): try engine.sendEOF(on: id)
            default: break
            }
        }
    }
}
