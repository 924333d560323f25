import NIOCore
import SSHCrypto
import SSHProtocol
import SSHWire

/// All that is read from files before a connection starts, so that the event loop never waits for a disk.
struct LoginPreparation: Sendable {
    let configuration: ClientConfiguration
    let hostKeys: HostKeyCheck
    let engine: EngineConfiguration

    init(_ configuration: ClientConfiguration, environment: LocalEnvironment, log: ClientLog) throws {
        self.configuration = configuration
        self.hostKeys = try HostKeyCheck(configuration)
        var identities: [any SigningKey] = []
        if configuration.pubkeyAuthentication {
            let loaded = Identities(loading: configuration.identityFiles, userID: environment.userID)
            for warning in loaded.warnings { log.info(warning) }
            let accepted = Set(configuration.pubkeyAcceptedAlgorithms)
            for identity in loaded.identities
            where identity.key.publicKey.signatureAlgorithms.contains(where: accepted.contains) {
                if let bits = identity.key.publicKey.rsaBits, bits < configuration.requiredRSASize {
                    let required = "RequiredRSASize is \(configuration.requiredRSASize)"
                    log.info("Skipping key \(identity.path): an RSA key of \(bits) bits, \(required)")
                    continue
                }
                log.debug("Will attempt key: \(identity.path) \(identity.key.publicKey.fingerprint)")
                identities.append(identity.key)
            }
        }
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
        if let bytes = configuration.rekeyLimit.bytes { engine.rekeyLimit.bytes = bytes }
        if let seconds = configuration.rekeyLimit.seconds { engine.rekeyLimit.time = .seconds(Int64(seconds)) }
        engine.keepalive = Keepalive(
            interval: configuration.serverAliveInterval > 0 ? .seconds(Int64(configuration.serverAliveInterval)) : nil,
            countMaximum: configuration.serverAliveCountMax
        )
        return engine
    }
}
