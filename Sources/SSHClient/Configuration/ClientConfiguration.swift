/// Everything the client was told, complete: defaults filled in, tokens expanded, algorithm lists resolved.
public struct ClientConfiguration: Sendable {
    // MARK: The connection

    /// The host as it was named on the command line.
    public var originalHost: String
    /// The host to connect to: HostName, or the one on the command line.
    public var hostName: String
    /// What the other names of the host are.
    var relays: Relays?
    public var relayMode: RelayMode
    public var port: UInt16
    public var user: String
    public var addressFamily: ClientAddressFamily
    public var bindAddress: String?
    public var bindInterface: String?
    public var proxy: ProxyMethod
    /// Which proxy the first TCP connection goes through; nil if nothing is said. Ours.
    public var proxySetting: ProxySetting?
    /// Seconds; 0 or nil: the operating system's.
    public var connectTimeout: Int?
    public var connectionAttempts: Int
    /// Stands behind our version in the identification line; empty for none.
    public var versionAddendum: String
    /// Why nothing is connected to, if that is so.
    public var refuseConnection: String?
    public var tcpKeepAlive: Bool
    /// Seconds; 0: never ask. 15 here, where OpenSSH has 0: a tunnel must notice a dead peer by itself.
    public var serverAliveInterval: Int
    /// Unanswered questions after which the next silent interval ends the connection.
    public var serverAliveCountMax: Int
    public var rekeyLimit: ClientRekeyLimit

    // MARK: Logging in

    public var identityFiles: [String]
    /// False if identityFiles are the default ones, which may be missing without a word.
    public var identityFilesAreConfigured: Bool
    public var certificateFiles: [String]
    public var identitiesOnly: Bool
    public var identityAgent: IdentityAgent
    public var pubkeyAuthentication: Bool
    /// Nobody is there to answer: never ask.
    public var batchMode: Bool

    // MARK: The host's key

    public var hostKeyAlias: String?
    /// New keys are added to the first one.
    public var userKnownHostsFiles: [String]
    public var globalKnownHostsFiles: [String]
    public var revokedHostKeys: String?
    /// What authorities may sign certificates with.
    public var caSignatureAlgorithms: [String]
    public var strictHostKeyChecking: StrictHostKeyChecking
    public var hashKnownHosts: Bool
    /// Whether known_hosts follows a server that has new keys, or has keys no longer.
    public var updateHostKeys: UpdateHostKeys
    public var requiredRSASize: Int

    // MARK: Forwards

    public var localForwards: [ForwardSpecification]
    public var remoteForwards: [ForwardSpecification]
    public var dynamicForwards: [ForwardSpecification]
    /// `-W`: the target that standard input and output are joined to.
    public var standardInputForward: ForwardTarget?
    public var gatewayPorts: Bool
    public var exitOnForwardFailure: Bool
    public var clearAllForwardings: Bool
    public var permitRemoteOpen: PermitRemoteOpen
    public var streamLocalBindMask: UInt32
    public var streamLocalBindUnlink: Bool

    // MARK: Algorithms, in the order in which they are offered

    public var ciphers: [String]
    public var macs: [String]
    public var kexAlgorithms: [String]
    public var hostKeyAlgorithms: [String]
    /// Whether algorithms of keys that known_hosts holds go first; not if HostKeyAlgorithms gave an order.
    public var hostKeyAlgorithmsFollowKnownHosts: Bool
    public var pubkeyAcceptedAlgorithms: [String]

    // MARK: The program

    public var logLevel: ClientLogLevel
    public var sessionType: SessionType
    public var requestTTY: RequestTTY
    public var standardInputIsNull: Bool
    public var forkAfterAuthentication: Bool
    /// Whether the forwards come back after the connection has ended. Ours, as `reconnectHold`.
    public var reconnect: Bool
    /// For how many seconds who connects to a local forward between two connections is kept waiting.
    public var reconnectHold: Int
    /// What was read but has no effect: each is worth a line on standard error.
    public var warnings: [String]
    /// What `-G` prints and nothing else needs.
    var printed: PrintedOptions

    /// The name under which known_hosts has this host: HostKeyAlias, `host`, or `[host]:port`.
    public var knownHostsName: String {
        self.hostKeyAlias?.lowercased() ?? KnownHosts.name(host: self.hostName, port: self.port)
    }

    /// The host without its port: ssh accepts entries for it, too.
    var knownHostsFallbackName: String? {
        self.hostKeyAlias == nil && self.port != 22 ? self.hostName.lowercased() : nil
    }
}

/// A host's names, and what makes a configuration for each.
struct Relays: Sendable {
    let names: [RelayName]
    let completion: OptionsCompletion
}

extension ClientConfiguration {
    /// The words behind HostName, or the host of the command line.
    public var relayNames: [RelayName] { self.relays?.names ?? [RelayName(host: self.hostName)] }

    /// The same for another of the host's names, with all that its tokens stand for.
    public func at(_ relay: RelayName) throws -> ClientConfiguration {
        guard let relays = self.relays else { return self }
        return try relays.completion.configuration(at: relay, of: relays.names)
    }
}

extension ClientConfiguration {
    /// How long the way to the server may take, and the key exchange once there; nil for as long as they take.
    var connectSeconds: Int64? {
        self.connectTimeout.flatMap { $0 > 0 ? Int64($0) : nil }
    }

    /// How long the login may take once the host is known: as long as a server may keep silent later, or as sshd's LoginGraceTime
    /// is by default, if that is less. A slow line gets 10 seconds in any case.
    var loginSeconds: Int64 {
        let (silence, overflow) = self.serverAliveInterval.multipliedReportingOverflow(
            by: max(self.serverAliveCountMax, 1)
        )
        return overflow || silence <= 0 ? 120 : Int64(min(max(silence, 10), 120))
    }
}
