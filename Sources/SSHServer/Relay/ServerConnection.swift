import Logging
import NIOCore
import SSHCrypto
import SSHForwarding
import SSHProtocol
import SSHWire

/// One client's connection: who it is, and what it may do.
///
/// Everything happens on the connection's event loop.
final class ServerConnection {
    let context: RelayContext
    let peer: PeerName
    let facts: ConnectionFacts
    var login: Login?
    let forwards: RemoteForwards
    var sessionCount = 0
    var allowsSessions = true
    var triedUserName = ""
    var hasLoggedInvalidUser = false
    private var graceTimer: Scheduled<Void>?
    private var isStarting = true

    /// Who logged in, and with which line of which file.
    struct Login {
        let user: String
        let key: AuthorizedKey
        let settings: AccountSettings
    }

    var logger: Logger { self.context.logger }

    private init(_ context: RelayContext, peer: PeerName, facts: ConnectionFacts) {
        self.context = context
        self.peer = peer
        self.facts = facts
        self.forwards = RemoteForwards()
    }

    /// Takes over an accepted socket, or drops it if there are too many that have not logged in.
    static func begin(on channel: any Channel, _ context: RelayContext) throws {
        let peer = PeerName(channel.remoteAddress)
        guard context.startups.begin(peer.address, chance: Int.random(in: 0..<100)) else {
            Self.drop(channel, peer, context)
            return
        }
        let facts = ConnectionFacts(
            user: "",
            address: peer.address,
            localAddress: channel.localAddress?.ipAddress ?? "UNKNOWN",
            localPort: channel.localAddress?.port ?? 0
        )
        let connection = ServerConnection(context, peer: peer, facts: facts)
        do {
            let configuration = EngineConfiguration.server(
                context,
                settings: context.configuration.settings(for: facts)
            )
            let handler = try ConnectionHandler(configuration: configuration, random: SystemRandom(), owner: connection)
            try channel.pipeline.syncOperations.addHandler(handler)
            context.connections.insert(handler, on: channel.eventLoop)
            connection.startGraceTimer(handler, on: channel.eventLoop)
        } catch {
            connection.endStartup()
            throw error
        }
        context.logger.debug("Connection from \(peer) on \(facts.localAddress) port \(facts.localPort)")
    }

    private static func drop(_ channel: any Channel, _ peer: PeerName, _ context: RelayContext) {
        let local = PeerName(channel.localAddress)
        context.logger.info(
            "drop connection from [\(peer.address)]:\(peer.port) on [\(local.address)]:\(local.port) Maxstartups"
        )
        channel.writeAndFlush(ByteBuffer(string: "Not allowed at this time\r\n")).whenComplete { _ in
            channel.close(promise: nil)
        }
    }

    // MARK: LoginGraceTime

    private func startGraceTimer(_ handler: ConnectionHandler, on eventLoop: any EventLoop) {
        guard let time = self.context.configuration.loginGraceTime else { return }
        self.graceTimer = eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(time)) { [weak handler] in
            self.logger.info("Timeout before authentication for \(self.peer)")
            handler?.disconnect(.byApplication, "login timed out")
        }
    }

    /// The connection does not count as unauthenticated any more.
    func endStartup() {
        self.graceTimer?.cancel()
        self.graceTimer = nil
        guard self.isStarting else { return }
        self.isStarting = false
        self.context.startups.end(self.peer.address)
    }
}

/// How log lines name the other side: `192.0.2.7 port 51234`.
struct PeerName: CustomStringConvertible, Sendable {
    let address: String
    let port: Int

    init(_ address: SocketAddress?) {
        let text = address?.ipAddress ?? "UNKNOWN"
        self.address = text.hasPrefix("::ffff:") && text.contains(".") ? String(text.dropFirst(7)) : text
        self.port = address?.port ?? 65535
    }

    var description: String { "\(self.address) port \(self.port)" }
}

extension EngineConfiguration {
    /// What the configuration says about the engine, before it is known who logs in.
    static func server(_ context: RelayContext, settings: AccountSettings) -> EngineConfiguration {
        let configured = context.configuration
        var algorithms = AlgorithmPreferences()
        algorithms.ciphers = configured.ciphers.compactMap(CipherAlgorithm.init(rawValue:))
        algorithms.macs = configured.macs.compactMap(MACAlgorithm.init(rawValue:))
        algorithms.keyExchange = configured.kexAlgorithms.compactMap(KeyExchangeAlgorithm.init(rawValue:))
        algorithms.hostKey = configured.hostKeyAlgorithms
        var configuration = EngineConfiguration(role: .server, algorithms: algorithms)
        configuration.hostKeys = context.hostKeys
        configuration.userKeyAlgorithms = settings.pubkeyAcceptedAlgorithms
        configuration.maximumAuthenticationTries = settings.maxAuthTries
        configuration.rekeyLimit = SSHProtocol.RekeyLimit(settings.rekeyLimit)
        configuration.keepalive = Keepalive(settings)
        return configuration
    }
}

extension SSHProtocol.RekeyLimit {
    init(_ limit: RekeyLimit) {
        self.init()
        if let bytes = limit.bytes { self.bytes = bytes }
        if let time = limit.time { self.time = TimeAmount(time) }
    }
}

extension Keepalive {
    init(_ settings: AccountSettings) {
        self.init(
            interval: settings.clientAliveInterval.map { TimeAmount($0) },
            countMaximum: settings.clientAliveCountMax
        )
    }
}

extension SupportedAlgorithms {
    /// Everything this program has, in its order of preference.
    public static let all: SupportedAlgorithms = {
        let algorithms = AlgorithmPreferences()
        return SupportedAlgorithms(
            ciphers: algorithms.ciphers.map(\.rawValue),
            macs: algorithms.macs.map(\.rawValue),
            keyExchanges: algorithms.keyExchange.map(\.rawValue),
            hostKeys: algorithms.hostKey,
            publicKeys: AlgorithmPreferences.userKeySignatures
        )
    }()
}
