import NIOCore
import SSHCrypto
import SSHForwarding
import SSHProtocol

extension EngineConfiguration {
    /// What the rules say about the engine, before it is known who wants to log in.
    static func server(_ rules: RelayRules, _ settings: AccountSettings) -> EngineConfiguration {
        var configuration = rules.engine
        if configuration.userKeyAlgorithms != settings.pubkeyAcceptedAlgorithms {
            configuration.userKeyAlgorithms = settings.pubkeyAcceptedAlgorithms
        }
        configuration.maximumAuthenticationTries = settings.maxAuthTries
        configuration.rekeyLimit = SSHProtocol.RekeyLimit(settings.rekeyLimit)
        configuration.keepalive = Keepalive(settings)
        return configuration
    }

    /// What does not depend on who connects.
    init(server configured: ServerConfiguration, _ hostKeys: HostKeys) {
        var algorithms = AlgorithmPreferences()
        algorithms.ciphers = configured.ciphers.compactMap(CipherAlgorithm.init(rawValue:))
        algorithms.macs = configured.macs.compactMap(MACAlgorithm.init(rawValue:))
        algorithms.keyExchange = configured.kexAlgorithms.compactMap(KeyExchangeAlgorithm.init(rawValue:))
        algorithms.hostKey = configured.hostKeyAlgorithms
        self.init(role: .server, algorithms: algorithms)
        self.hostKeys = hostKeys.keys
        self.hostCertificates = hostKeys.certificates
        self.versionAddendum = configured.versionAddendum
        self.userKeyAlgorithms = configured.defaults.pubkeyAcceptedAlgorithms
        self.announcesLogin = configured.decidesLoginsBeginning || configured.useDNS
        self.prepare()
    }
}

extension LoginLimits {
    init(_ settings: AccountSettings) {
        self.init(maximumTries: settings.maxAuthTries, algorithms: settings.pubkeyAcceptedAlgorithms)
    }
}

extension SSHProtocol.RekeyLimit {
    init(_ limit: ConfiguredRekeyLimit) {
        self.init()
        if let bytes = limit.bytes { self.bytes = bytes }
        if let time = limit.time { self.time = TimeAmount(time) }
    }
}

extension Keepalive {
    init(_ settings: AccountSettings) {
        self.init(
            interval: settings.clientAliveInterval.map { TimeAmount($0) },
            // sshd_config(5): zero disables the end of connections. In ssh_config it does not.
            countMaximum: settings.clientAliveCountMax > 0 ? settings.clientAliveCountMax : nil
        )
    }
}

extension SupportedAlgorithms {
    /// Everything this program has, in its order of preference.
    public static let all: SupportedAlgorithms = {
        let algorithms = AlgorithmPreferences()
        return SupportedAlgorithms(
            ciphers: algorithms.ciphers.map(\.rawValue),
            ciphersWithoutMAC: algorithms.ciphers.filter(\.isAuthenticated).map(\.rawValue),
            macs: algorithms.macs.map(\.rawValue),
            keyExchanges: algorithms.keyExchange.map(\.rawValue),
            keyExchangesByName: KeyExchangeAlgorithm.allCases.filter(\.isByNameOnly).map(\.rawValue),
            hostKeys: AlgorithmPreferences.hostCertificates + AlgorithmPreferences.hostKeySignatures,
            publicKeys: Certificate.userAlgorithms + AlgorithmPreferences.userKeySignatures,
            authorities: AlgorithmPreferences.userKeySignatures
        )
    }()
}
