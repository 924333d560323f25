import SSHConfiguration

/// An sshd_config, read and checked: what the relay is told by the person who runs it.
public struct ServerConfiguration: Sendable {
    // Listening. `listenEndpoints` puts the three together.
    @Setting public var ports: [UInt16] = [22]
    @Setting public var listenAddresses: [ListenAddress] = []
    @Setting public var addressFamily = AddressFamily.any

    // Files.
    /// Empty for `none`.
    @Setting public var hostKeyFiles = ServerConfiguration.defaultHostKeyFolders.flatMap { $0 }
    /// The socket of the agent that signs with host keys, or SSH_AUTH_SOCK for that of the environment; nil: none does.
    @Setting public var hostKeyAgent: String?
    /// Empty for `none`.
    @Setting public var hostCertificateFiles: [String] = []
    /// nil: none is written.
    @Setting public var pidFile: String? = "/run/relay/relay.pid"
    @Setting public var controlSocket = ControlSocketPlace.besidePidFile
    /// The folder for what the relay has to remember; nil: it remembers nothing.
    @Setting public var stateDirectory: String?
    @Setting public var strictModes = true
    @Setting public var syslogFacility = SyslogFacility.auth
    @Setting public var logFormat = LogFormat.text

    /// How long tunnels may go on after the relay was asked to stop; nil: not at all.
    @Setting public var shutdownGrace: Duration? = .seconds(10)
    /// Empty for `none`: nobody's PROXY header counts.
    @Setting var proxyProtocolFrom: [AddressRange] = []

    // Limits before login.
    /// nil: no limit.
    @Setting public var loginGraceTime: Duration? = .seconds(30)
    @Setting public var maxStartups = MaxStartups(start: 100, rate: 30, full: 1000)
    /// nil: no limit.
    @Setting public var perSourceMaxStartups: Int?
    @Setting public var perSourceNetBlockSize = NetBlockSize(ipv4: 32, ipv6: 128)
    /// Bytes that clients may make the relay hold, all together; nil: as the machine has it.
    @Setting public var memoryLimit: Int?
    @Setting public var perSourcePenalties = PenaltyRules()
    /// nil: nobody is exempt.
    @Setting var perSourcePenaltyExemptList: HostPatternList?

    // The transport.
    /// Stands behind the version in the identification line; empty for `none`.
    @Setting public var versionAddendum = ""
    /// Whether clients have names in rules: looked up, and looked up back.
    @Setting public var useDNS = false
    @Setting public var tcpKeepAlive = true
    @Setting public var ciphers: [String] = []
    @Setting public var macs: [String] = []
    @Setting public var kexAlgorithms: [String] = []
    @Setting public var hostKeyAlgorithms: [String] = []

    /// What holds outside of every Match block.
    public internal(set) var defaults: AccountSettings {
        get { self.sharedDefaults.value }
        set { self.sharedDefaults = Shared(newValue) }
    }
    private var sharedDefaults = Shared(AccountSettings())
    /// What was read but does not do here what it does in sshd.
    public internal(set) var warnings: [ConfigurationWarning] = []
    /// The Match blocks, in the order of the files.
    var matchSections: [MatchSection] = []

    /// Bytes of StateDirectory's path, so that there is room for the names of files in it.
    static let longestStateDirectory = 1024

    /// The built-in defaults.
    public init(supported: SupportedAlgorithms) {
        self.ciphers = supported.ciphers
        self.macs = supported.macs
        self.kexAlgorithms = supported.keyExchanges
        self.hostKeyAlgorithms = supported.hostKeys
        self.defaults.pubkeyAcceptedAlgorithms = supported.publicKeys
        self.defaults.caSignatureAlgorithms = supported.authorities
    }

    /// What a relay in another program begins with: the defaults, without files of the system.
    public static var embedded: ServerConfiguration {
        var configuration = ServerConfiguration(supported: .all)
        configuration.pidFile = nil
        return configuration
    }

    /// The settings for one connection: a value of a matching block goes over the global one, and the first matching block
    /// that has a value goes over later ones.
    public func settings(for facts: ConnectionFacts) -> AccountSettings {
        self.sharedSettings(for: facts).value
    }

    /// The same, to be held by connections: where no block matches all hold one.
    func sharedSettings(for facts: ConnectionFacts) -> Shared<AccountSettings> {
        let sections = self.matchSections.filter { $0.match(facts) }
        guard !sections.isEmpty else { return self.sharedDefaults }
        var matched = AccountSettings()
        for section in sections {
            for assign in section.assignments { assign(&matched) }
        }
        var settings = self.defaults
        for keyword in Keyword.all { keyword.overlay(matched, &settings) }
        return Shared(settings)
    }

    /// What would have to be known to say which Match blocks hold; nil if that can be said.
    func missingFact(_ facts: ConnectionFacts) -> ConnectionFacts.Fact? {
        guard !facts.missing.isEmpty else { return nil }
        return self.matchSections.lazy.compactMap { $0.missingFact(facts) }.first
    }

    /// Whether it matters anywhere which groups somebody is in: name services take their time to say.
    var asksForGroups: Bool {
        self.sharedDefaults.value.asksForGroups || self.matchSections.contains(where: \.asksForGroups)
    }

    /// Every address to listen on, with its port: each ListenAddress without a port gets all ports.
    public var listenEndpoints: [ListenAddress] {
        var addresses = self.listenAddresses
        if addresses.isEmpty {
            if self.addressFamily != .inet6 { addresses.append(ListenAddress(host: "0.0.0.0", port: nil)) }
            if self.addressFamily != .inet { addresses.append(ListenAddress(host: "::", port: nil)) }
        }
        return addresses.flatMap { address in
            address.port.map { _ in [address] } ?? self.ports.map { ListenAddress(host: address.host, port: $0) }
        }
    }
}

/// Lines under the same Match conditions, those of an including block first.
struct MatchSection: Sendable {
    let conditions: [MatchCriteria]
    private(set) var assignments: [@Sendable (inout AccountSettings) -> Void] = []
    /// A condition or a value is about groups.
    private(set) var asksForGroups: Bool
    /// A value holds from the first word of who wants to log in.
    private(set) var decidesLoginsBeginning = false

    init(conditions: [MatchCriteria]) {
        self.conditions = conditions
        self.asksForGroups = conditions.contains(where: \.asksForGroups)
    }

    mutating func append(_ assign: @escaping @Sendable (inout AccountSettings) -> Void) {
        self.assignments.append(assign)
        var settings = AccountSettings()
        assign(&settings)
        if settings.asksForGroups { self.asksForGroups = true }
        if settings.decidesLoginsBeginning { self.decidesLoginsBeginning = true }
    }

    func match(_ facts: ConnectionFacts) -> Bool {
        self.conditions.allSatisfy { $0.match(facts) }
    }

    func missingFact(_ facts: ConnectionFacts) -> ConnectionFacts.Fact? {
        var missing: ConnectionFacts.Fact?
        for condition in self.conditions {
            if let fact = condition.missingFact(facts) {
                missing = fact
            } else if !condition.match(facts) {
                return nil
            }
        }
        return missing
    }
}
