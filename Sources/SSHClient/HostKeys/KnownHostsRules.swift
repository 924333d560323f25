import SSHProtocol

/// ssh's rules about known_hosts for one host.
public struct KnownHostsRules: Sendable {
    /// The name in the files: HostKeyAlias, `host`, or `[host]:port`.
    public var name: String
    /// The host without its port, for which entries count, too.
    public var fallbackName: String?
    /// The name that a certificate must hold, in lower case and without a port.
    public var certificateName: String
    /// Files that new keys may be written to, namely the first one.
    public var userFiles: [String] = []
    public var globalFiles: [String] = []
    /// Keys that no host may show.
    public var revokedHostKeys: String?
    /// What is to be done about a key that is not known, or not the known one.
    public var checking = StrictHostKeyChecking.ask
    /// Nobody can be asked: a question becomes a refusal.
    public var batchMode = false
    /// A changed key is refused even where `checking` is `no`.
    public var exitOnForwardFailure = false
    /// Whether the names of new hosts are written as hashes.
    public var hashKnownHosts = false
    /// Whether the files follow a server that has new keys, or has keys no longer.
    public var updateHostKeys = UpdateHostKeys.yes
    /// Bits that an RSA key must have.
    public var requiredRSASize = 2048
    /// What authorities may sign certificates with.
    public var caSignatureAlgorithms = AlgorithmPreferences.userKeySignatures
    public var hostKeyAlgorithms = AlgorithmPreferences.hostCertificates + AlgorithmPreferences.hostKeySignatures
    /// Whether algorithms of keys that the files hold are offered first.
    public var algorithmsFollowFiles = true

    public init(host: String, port: UInt16 = 22) {
        self.name = KnownHosts.name(host: host, port: port)
        self.certificateName = host.lowercased()
        self.fallbackName = port == 22 ? nil : host.lowercased()
    }
}

extension ClientConfiguration {
    /// What ssh_config says of them.
    public var knownHostsRules: KnownHostsRules {
        var rules = KnownHostsRules(host: self.hostName, port: self.port)
        rules.name = self.knownHostsName
        rules.fallbackName = self.knownHostsFallbackName
        rules.certificateName = (self.hostKeyAlias ?? self.hostName).lowercased()
        rules.userFiles = self.userKnownHostsFiles
        rules.globalFiles = self.globalKnownHostsFiles
        rules.revokedHostKeys = self.revokedHostKeys
        rules.checking = self.strictHostKeyChecking
        rules.batchMode = self.batchMode
        rules.exitOnForwardFailure = self.exitOnForwardFailure
        rules.hashKnownHosts = self.hashKnownHosts
        rules.updateHostKeys = self.updateHostKeys
        rules.requiredRSASize = self.requiredRSASize
        rules.caSignatureAlgorithms = self.caSignatureAlgorithms
        rules.hostKeyAlgorithms = self.hostKeyAlgorithms
        rules.algorithmsFollowFiles = self.hostKeyAlgorithmsFollowKnownHosts
        return rules
    }
}
