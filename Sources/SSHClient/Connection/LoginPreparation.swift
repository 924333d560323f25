import NIOCore
import SSHCrypto
import SSHProtocol
import SSHWire

/// All that is read from files before a connection starts, so that the event loop never waits for a disk.
struct LoginPreparation: Sendable {
    let configuration: ClientConfiguration
    let hostKeys: HostKeyCheck
    let engine: EngineConfiguration
    let identities: IdentityReport

    init(_ configuration: ClientConfiguration, environment: LocalEnvironment, log: ClientLog) throws {
        self.configuration = configuration
        self.hostKeys = try HostKeyCheck(configuration)
        var identities: [any SigningKey] = []
        var report = IdentityReport(configuration)
        if configuration.pubkeyAuthentication {
            var files = configuration.identityFiles
            if !configuration.identityFilesAreConfigured {
                files = ["id_rsa", "id_ecdsa"].map { "\(environment.homeDirectory)/.ssh/\($0)" } + files
            }
            let loaded = Identities(loading: files, userID: environment.userID)
            for failure in loaded.passedOver where failure.isWorthAWarning(configuration) { log.info(failure.warning) }
            report.passedOver = loaded.passedOver.map { ($0.path, $0.reason) }
            if !configuration.identityFilesAreConfigured { report.lookForOtherDefaults(environment) }
            let accepted = Set(configuration.pubkeyAcceptedAlgorithms)
            for identity in loaded.identities {
                let key = identity.key.publicKey
                guard key.signatureAlgorithms.contains(where: accepted.contains) else {
                    report.passedOver.append((identity.path, "PubkeyAcceptedAlgorithms leaves out \(key.type)"))
                    continue
                }
                if let bits = key.rsaBits, bits < configuration.requiredRSASize {
                    let required = "RequiredRSASize is \(configuration.requiredRSASize)"
                    log.info("Skipping key \(identity.path): an RSA key of \(bits) bits, \(required)")
                    report.passedOver.append((identity.path, "an RSA key of \(bits) bits, and \(required)"))
                    continue
                }
                log.debug("Will attempt key: \(identity.path) \(key.fingerprint)")
                identities.append(identity.key)
                report.attempted.append((identity.path, key))
            }
        }
        self.identities = report
        self.engine = .client(configuration, hostKeyAlgorithms: self.hostKeys.algorithms, identities: identities)
    }
}

extension EngineConfiguration {
    static func client(
        _ configuration: ClientConfiguration,
        hostKeyAlgorithms: [String],
        identities: [any SigningKey]
    ) -> EngineConfiguration {
        var algorithms = AlgorithmPreferences()
        algorithms.ciphers = configuration.ciphers.compactMap(CipherAlgorithm.init(rawValue:))
        algorithms.macs = configuration.macs.compactMap(MACAlgorithm.init(rawValue:))
        algorithms.keyExchange = configuration.kexAlgorithms.compactMap(KeyExchangeAlgorithm.init(rawValue:))
        algorithms.hostKey = hostKeyAlgorithms
        var engine = EngineConfiguration(role: .client, algorithms: algorithms)
        engine.user = configuration.user
        engine.versionAddendum = configuration.versionAddendum
        engine.identities = identities
        engine.userKeyAlgorithms = configuration.pubkeyAcceptedAlgorithms
        // As in ssh: what a server says before the login, a banner above all, may be as long as later.
        engine.limits.packetLengthBeforeLogin = engine.limits.packetLength
        if let bytes = configuration.rekeyLimit.bytes { engine.rekeyLimit.bytes = bytes }
        if let seconds = configuration.rekeyLimit.seconds { engine.rekeyLimit.time = .seconds(Int64(seconds)) }
        engine.keepalive = Keepalive(
            interval: configuration.serverAliveInterval > 0 ? .seconds(Int64(configuration.serverAliveInterval)) : nil,
            countMaximum: configuration.serverAliveCountMax
        )
        return engine
    }
}
