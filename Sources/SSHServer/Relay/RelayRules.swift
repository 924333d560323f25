import Glibc
import Logging
import SSHCrypto
import SSHProtocol
import SSHWire

/// What the relay goes by: one reading of its files, replaced as a whole by the next.
final class RelayRules: Sendable {
    let configuration: ServerConfiguration
    let hostKeys: [any SigningKey]
    let hostCertificates: [Certificate]
    let logger: Logger
    /// What is the same for all connections.
    let engine: EngineConfiguration

    /// Reads the host keys.
    ///
    /// - Throws: `invalidConfiguration` if there is none that can be used.
    init(configuration: ServerConfiguration, logger: Logger) throws {
        try configuration.checkCommandUsers(runningAs: geteuid())
        let hostKeys = HostKeys(configuration, now: UInt64(clamping: time(nil)))
        for problem in hostKeys.problems { logger.error("\(problem)") }
        guard !hostKeys.keys.isEmpty else {
            throw SSHError(
                .invalidConfiguration,
                "no hostkeys available: the relay cannot prove who it is; `relay keygen -f FILE` makes a key for HostKey"
            )
        }
        self.configuration = configuration
        self.hostKeys = hostKeys.keys
        self.hostCertificates = hostKeys.certificates
        self.logger = logger
        self.engine = EngineConfiguration(server: configuration, hostKeys)
    }

    /// The level of lines about a connection, where a Match block gives it one of its own. Who debugs sees everything.
    func logLevel(of settings: AccountSettings) -> Logger.Level? {
        guard let rule = settings.$logLevel.rule, rule != self.configuration.defaults.$logLevel.rule,
            self.logger.logLevel > .trace
        else { return nil }
        return settings.logLevel.loggerLevel
    }
}
