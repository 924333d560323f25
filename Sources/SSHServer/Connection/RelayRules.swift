import Glibc
import Logging
import SSHCrypto
import SSHProtocol
import SSHSystem
import SSHWire

/// What the relay goes by: one reading of its files, replaced as a whole by the next.
final class RelayRules: Sendable {
    let configuration: ServerConfiguration
    let hostKeys: [any KeyPair]
    /// Where the agent listens that signs with those that are not in memory.
    let hostKeyAgent: String?
    let hostCertificates: [Certificate]
    let logger: Logger
    /// Decides in place of accounts' files; nil where files decide.
    let policy: (any RelayPolicy)?
    let controlSocket: ControlSocketPath?
    /// What is the same for all connections.
    let engine: EngineConfiguration

    /// Reads the host keys, unless they are given.
    ///
    /// - Throws: `invalidConfiguration` if there is none that can be used, or no algorithm is left for them.
    init(
        configuration: ServerConfiguration,
        logger: Logger,
        policy: (any RelayPolicy)? = nil,
        hostKeys given: [any SigningKey] = []
    ) throws {
        try configuration.checkCommandUsers(runningAs: geteuid())
        let hostKeys = HostKeys(configuration, given: given, now: UInt64(clamping: time(nil)))
        for problem in hostKeys.problems { logger.error("\(problem)") }
        guard !hostKeys.keys.isEmpty else {
            throw SSHError(
                .invalidConfiguration,
                "no hostkeys available: the relay cannot prove who it is; `relay keygen -f FILE` makes a key for HostKey"
            )
        }
        self.configuration = configuration
        self.hostKeys = hostKeys.keys
        self.hostKeyAgent = hostKeys.agentPath
        self.hostCertificates = hostKeys.certificates
        self.logger = logger
        self.policy = policy
        self.controlSocket = configuration.controlSocketPath.map { ControlSocketPath($0) }
        self.engine = EngineConfiguration(server: configuration, hostKeys)
        guard !self.engine.offeredHostKeyAlgorithms.isEmpty else {
            throw Self.noHostKeyAlgorithm(configuration, hostKeys.keys)
        }
    }

    /// Every connection would fail.
    private static func noHostKeyAlgorithm(_ configuration: ServerConfiguration, _ keys: [any KeyPair]) -> SSHError {
        let place = configuration.$hostKeyAlgorithms.rule.map { "\($0.file) line \($0.line): " } ?? ""
        let list = configuration.hostKeyAlgorithms.joined(separator: ",")
        let types = keys.flatMap(\.publicKey.signatureAlgorithms).joined(separator: ",")
        let problem =
            "HostKeyAlgorithms: \"\(list)\" leaves no algorithm, expected at least one of the host keys': \(types)"
        return SSHError(.invalidConfiguration, "\(place)\(problem)".escapedForLog)
    }

    /// The level of lines about a connection, where a Match block gives it one of its own. Who debugs sees everything.
    func logLevel(of settings: AccountSettings) -> Logger.Level? {
        guard let rule = settings.$logLevel.rule, rule != self.configuration.defaults.$logLevel.rule,
            self.logger.logLevel > .trace
        else { return nil }
        return settings.logLevel.loggerLevel
    }
}
