/// What the command line and the files said so far; nil where nothing was said.
public struct ConfigurationOptions: Sendable {
    var hostName: String?
    /// The words behind it.
    var otherHostNames: [String] = []
    var relayMode: RelayMode?
    var port: UInt16?
    var user: String?
    /// The user stood on the command line, where tokens mean nothing.
    var userIsLiteral = false
    var addressFamily: ClientAddressFamily?
    var bindAddress: String?
    var bindInterface: String?
    var proxy: ProxyMethod?
    /// `ProxyJump none` was the first ProxyJump.
    var isProxyJumpNone = false
    /// Ours: beside the others, which say what else lies on the way.
    var proxySetting: ProxySetting?
    /// Not supported, like noHostAuthenticationForLocalhost and canonicalizeHostname: each is worth a warning.
    var proxyUseFdpass: Bool?
    var canonicalizeHostname: String?
    /// What keywords without meaning here were set to, by their names in lower case, as `-G` prints it.
    var silent: [String: [String]] = [:]
    /// Those of them, with their places, that somebody would miss.
    var missed: [MissedKeyword] = []
    var connectTimeout: Int??
    var connectionAttempts: Int?
    var tcpKeepAlive: Bool?
    var serverAliveInterval: Int?
    var serverAliveCountMax: Int?
    var rekeyLimit: ClientRekeyLimit?

    var identityFiles: [String] = []
    var certificateFiles: [String] = []
    var identitiesOnly: Bool?
    var identityAgent: String?
    /// `true`, `false`, `unbound` or `host-bound`; the last two only say how the session is signed for.
    var pubkeyAuthentication: String?
    var preferredAuthentications: String?
    var batchMode: Bool?

    var hostKeyAlias: String?
    var userKnownHostsFiles: [String]?
    var globalKnownHostsFiles: [String]?
    var revokedHostKeys: String?
    var strictHostKeyChecking: StrictHostKeyChecking?
    var hashKnownHosts: Bool?
    var noHostAuthenticationForLocalhost: Bool?
    var updateHostKeys: UpdateHostKeys?
    var requiredRSASize: Int?
    var versionAddendum: String?
    var refuseConnection: String?

    var localForwards: [ForwardSpecification] = []
    var remoteForwards: [ForwardSpecification] = []
    var dynamicForwards: [ForwardSpecification] = []
    /// `-W`.
    var standardInputForward: ForwardTarget?
    var gatewayPorts: Bool?
    var exitOnForwardFailure: Bool?
    var clearAllForwardings: Bool?
    var permitRemoteOpen: PermitRemoteOpen?
    var streamLocalBindMask: UInt32?
    var streamLocalBindUnlink: Bool?

    var ciphers: AlgorithmSpecification?
    var macs: AlgorithmSpecification?
    var kexAlgorithms: AlgorithmSpecification?
    var hostKeyAlgorithms: AlgorithmSpecification?
    var pubkeyAcceptedAlgorithms: AlgorithmSpecification?
    var caSignatureAlgorithms: AlgorithmSpecification?

    var logLevel: ClientLogLevel?
    var ignoreUnknown: String?
    var sessionType: SessionType?
    var requestTTY: RequestTTY?
    var standardInputIsNull: Bool?
    var forkAfterAuthentication: Bool?
    var reconnect: Bool?
    /// Seconds.
    var reconnectHold: Int?

    public init() {}

    mutating func addIdentity(_ path: String) {
        if !self.identityFiles.contains(path) { self.identityFiles.append(path) }
    }
}
