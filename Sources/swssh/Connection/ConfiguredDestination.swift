import NIOCore
import NIOPosix
import SSHClient
import SSHCrypto
import SSHProtocol
import SSHWire
import Synchronization

/// The destination that the configuration describes, with those on the way to it.
///
/// All that is read from files is read here, before a connection starts.
struct ConfiguredDestination: Sendable {
    /// More hosts on the way than anybody has: the configuration leads in a circle.
    private static let maximumDepth = 16

    var destination: SSHDestination
    let lines: ConnectionLines
    /// What there is to log in with, for each server.
    let identities: [ConnectionName: IdentityReport]
    /// What its key was compared with, for each server.
    private let alarms: [ConnectionName: LastAlarm]

    /// Which of the servers on the way a failure is of.
    struct ConnectionName: Hashable, Sendable {
        let host: String
        let port: UInt16
        let user: String
    }

    /// - Parameter proxySetting: of the host behind this one; it holds where the configuration of this one says nothing.
    init(
        _ configuration: ClientConfiguration,
        _ line: ClientCommandLine,
        _ environment: LocalEnvironment,
        _ log: ClientLog,
        proxySetting: ProxySetting? = nil,
        depth: Int = 0
    ) throws {
        guard depth < Self.maximumDepth else {
            let reason = "more than \(Self.maximumDepth) jump hosts: ProxyJump leads in a circle"
            throw SSHError(.invalidConfiguration, reason)
        }
        if let reason = configuration.refuseConnection {
            throw SSHError(.invalidConfiguration, "Connection to \(configuration.originalHost) refused: \(reason)")
        }
        let setting = configuration.proxySetting ?? proxySetting
        let proxy =
            configuration.proxy == .direct
            ? try setting?.server(for: configuration.hostName, in: environment) : nil
        let lines = ConnectionLines(configuration, log, through: proxy)
        let alarm = LastAlarm()
        let verifier = try KnownHostsVerifier(configuration, lines, alarm)
        let keys = ConfiguredIdentities(configuration, environment, log)
        let name = ConnectionName(host: configuration.hostName, port: configuration.port, user: configuration.user)
        var identities = [name: IdentityReport(configuration, keys)]
        var alarms = [name: alarm]
        var destination = SSHDestination(
            host: configuration.hostName,
            port: configuration.port,
            user: configuration.user,
            identities: keys.identities,
            hostKeys: .verified(by: verifier),
            options: ConnectionOptions(configuration)
        )
        destination.options.onEvent = lines.tell
        switch configuration.proxy {
        case .direct: if let proxy { destination.route = .proxy(proxy) }
        case .command(let command):
            let shell = ClientPrograms.shell(environment)
            destination.route = .command(ProxyCommand(command, shell: shell, signals: EndSignals.numbers))
        case .jump(let hosts):
            let (hop, hopLine) = try Self.lastHop(hosts, configuration, line, environment)
            let outer = try ConfiguredDestination(
                hop,
                hopLine,
                environment,
                log,
                // The first host on the way is the one that we connect to.
                proxySetting: setting,
                depth: depth + 1
            )
            destination.route = .jump(outer.destination)
            identities.merge(outer.identities) { own, _ in own }
            alarms.merge(outer.alarms) { own, _ in own }
        }
        self.destination = destination
        self.lines = lines
        self.identities = identities
        self.alarms = alarms
    }

    private static func lastHop(
        _ hosts: [JumpHost],
        _ configuration: ClientConfiguration,
        _ line: ClientCommandLine,
        _ environment: LocalEnvironment
    ) throws -> (ClientConfiguration, ClientCommandLine) {
        guard let last = hosts.last else { throw SSHError(.invalidConfiguration, "an empty ProxyJump") }
        if last.host == configuration.originalHost, last.port ?? 22 == configuration.port,
            last.user ?? configuration.user == configuration.user
        {
            throw SSHError(.invalidConfiguration, "jumphost loop via \(last.host)")
        }
        let target = ForwardTarget.host(configuration.hostName, port: configuration.port)
        let hopLine = line.forJump(to: last, through: hosts.dropLast(), target: target)
        let hop = try ClientConfiguration.load(hopLine, environment: environment)
        guard hop.relayNames.first?.isService != true else {
            throw SSHError(.invalidConfiguration, "a jump host has no SRV records: \(last.host)")
        }
        return (hop, hopLine)
    }

    /// Whether it is a failure of this server or of one on the way to it.
    func knows(_ failure: ConnectionFailure) -> Bool {
        self.identities[ConnectionName(host: failure.host, port: failure.port, user: failure.user)] != nil
    }

    /// Why the program ends, for the user.
    func failure(_ failure: ConnectionFailure) -> any Error {
        guard failure.stage != .connecting else { return failure.error }
        let name = ConnectionName(host: failure.host, port: failure.port, user: failure.user)
        if failure.code == .hostKeyRejected, let alarm = self.alarms[name]?.value {
            return ClientFailure(lines: alarm.lines)
        }
        guard let identities = self.identities[name] else { return failure.error }
        return ClientFailure(failure, identities)
    }
}

extension KnownHostsVerifier {
    fileprivate init(_ configuration: ClientConfiguration, _ lines: ConnectionLines, _ alarm: LastAlarm) throws {
        let rules = configuration.knownHostsRules
        try self.init(rules) { notice in
            if case .changedKeyRefused(let changed) = notice { alarm.value = changed }
            lines.log.tell(notice, rules, of: lines.name)
        } ask: { question, key in
            // Whoever is asked may take their time.
            try await NIOThreadPool.singleton.runIfActive { try Terminal.ask(question, about: key) }
        }
    }
}

extension ConfiguredIdentities {
    /// Says in the log what becomes of the keys.
    fileprivate init(_ configuration: ClientConfiguration, _ environment: LocalEnvironment, _ log: ClientLog) {
        self.init(configuration, environment) { notice in
            switch notice {
            case .attempted(let path, let key): log.debug("Will attempt key: \(path) \(key.fingerprint)")
            case .unusable(let failure): log.info(failure.warning)
            case .tooShort(let path, let bits, let required):
                log.info("Skipping key \(path): an RSA key of \(bits) bits, RequiredRSASize is \(required)")
            }
        }
    }
}

/// That a host showed another key than the known one, on its last connection that came so far.
private final class LastAlarm: Sendable {
    private let alarm = Mutex<HostKeyAlarm?>(nil)

    var value: HostKeyAlarm? {
        get { self.alarm.withLock { $0 } }
        set { self.alarm.withLock { $0 = newValue } }
    }
}
