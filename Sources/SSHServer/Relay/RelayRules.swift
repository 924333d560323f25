import Logging
import SSHCrypto
import SSHWire

/// What the relay goes by: one reading of its files, replaced as a whole by the next.
final class RelayRules: Sendable {
    let configuration: ServerConfiguration
    let hostKeys: [any SigningKey]
    let logger: Logger

    /// Reads the host keys.
    ///
    /// - Throws: `invalidKey` for a host key that cannot be used, `invalidConfiguration` if there is none.
    init(configuration: ServerConfiguration, logger: Logger) throws {
        let hostKeys = try configuration.hostKeyFiles.map { try HostKeyFile.load($0) }
        guard !hostKeys.isEmpty else {
            throw SSHError(.invalidConfiguration, "no HostKey: the relay cannot prove who it is")
        }
        self.configuration = configuration
        self.hostKeys = hostKeys
        self.logger = logger
    }
}
