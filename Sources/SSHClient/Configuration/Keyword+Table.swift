import SSHSystem
import SSHWire

extension Keyword {
    typealias Value = ConfigurationValue

    /// Every keyword of OpenSSH's ssh_config. Add one here: its name, the option it sets, and the reader of its value.
    static let all: [Keyword] =
        blocks + connection + authentication + hostKeys + forwarding + algorithms + behaviour
        + SilentKeyword.all.map(\.keyword) + aliases + withoutMeaning + notYet

    private static let blocks: [Keyword] = [
        Keyword("Host", .host),
        Keyword("Match", .match),
        Keyword("Include", .include),
    ]

    private static let connection: [Keyword] = [
        .each("HostName", Value.hostNames),
        .first("Port", \.port, Value.port),
        .first("User", \.user, Value.word),
        .first(
            "AddressFamily",
            \.addressFamily,
            { try Value.choice(&$0, ["any": .any, "inet": .inet, "inet6": .inet6]) }
        ),
        .first("BindAddress", \.bindAddress, Value.word),
        .first("BindInterface", \.bindInterface, Value.word),
        .each("ProxyJump", Value.proxyJump),
        .first("ProxyCommand", \.proxy, Value.proxyCommand),
        .first("ProxyUseFdpass", \.proxyUseFdpass, Value.flag),
        .choice(
            "CanonicalizeHostname",
            \.canonicalizeHostname,
            ["yes": "true", "true": "true", "always": "always", "no": "false", "false": "false"]
        ),
        .first("ConnectTimeout", \.connectTimeout, Value.timeout),
        .first("ConnectionAttempts", \.connectionAttempts, Value.count),
        .first("TCPKeepAlive", \.tcpKeepAlive, Value.flag),
        .first("KeepAlive", \.tcpKeepAlive, Value.flag),
        .first("ServerAliveInterval", \.serverAliveInterval, Value.interval),
        .first("ProtocolKeepAlives", \.serverAliveInterval, Value.interval),
        .first("SetupTimeOut", \.serverAliveInterval, Value.interval),
        .first("ServerAliveCountMax", \.serverAliveCountMax, Value.count),
        .first("RekeyLimit", \.rekeyLimit, Value.rekeyLimit),
        .first("VersionAddendum", \.versionAddendum, Value.versionAddendum),
        .first("RefuseConnection", \.refuseConnection, Value.word),
    ]

    private static let authentication: [Keyword] = [
        .each("IdentityFile", Value.identityFile),
        .each("IdentityFile2", Value.identityFile),
        .each("CertificateFile") { line, _ in
            let path = try line.next()
            return { if !$0.certificateFiles.contains(path) { $0.certificateFiles.append(path) } }
        },
        .first("IdentitiesOnly", \.identitiesOnly, Value.flag),
        .first("IdentityAgent", \.identityAgent, Value.word),
        .first("PubkeyAuthentication", \.pubkeyAuthentication, Value.pubkeyAuthentication),
        .first("DSAAuthentication", \.pubkeyAuthentication, Value.pubkeyAuthentication),
        .first("PreferredAuthentications", \.preferredAuthentications, Value.word),
        .first("BatchMode", \.batchMode, Value.flag),
    ]

    private static let hostKeys: [Keyword] = [
        .first("HostKeyAlias", \.hostKeyAlias, Value.word),
        .first("UserKnownHostsFile", \.userKnownHostsFiles, Value.files),
        .first("GlobalKnownHostsFile", \.globalKnownHostsFiles, Value.files),
        .first("RevokedHostKeys", \.revokedHostKeys, Value.word),
        .choice(
            "StrictHostKeyChecking",
            \.strictHostKeyChecking,
            [
                "yes": .yes, "true": .yes, "no": .no, "false": .no, "off": .no, "ask": .ask, "accept-new": .acceptNew,
            ]
        ),
        .first("HashKnownHosts", \.hashKnownHosts, Value.flag),
        .first("NoHostAuthenticationForLocalhost", \.noHostAuthenticationForLocalhost, Value.flag),
        .choice(
            "UpdateHostKeys",
            \.updateHostKeys,
            ["yes": .yes, "true": .yes, "no": .no, "false": .no, "ask": .ask]
        ),
        .first("RequiredRSASize", \.requiredRSASize, Value.count),
        .first("CASignatureAlgorithms", \.caSignatureAlgorithms, Value.algorithms),
    ]

    private static let forwarding: [Keyword] = [
        .each("LocalForward", Value.localForward),
        .each("RemoteForward", Value.remoteForward),
        .each("DynamicForward", Value.dynamicForward),
        .first("GatewayPorts", \.gatewayPorts, Value.flag),
        .first("ExitOnForwardFailure", \.exitOnForwardFailure, Value.flag),
        .first("ClearAllForwardings", \.clearAllForwardings, Value.flag),
        .first("PermitRemoteOpen", \.permitRemoteOpen, Value.permitRemoteOpen),
        .first("StreamLocalBindMask", \.streamLocalBindMask, Value.octal),
        .first("StreamLocalBindUnlink", \.streamLocalBindUnlink, Value.flag),
    ]

    private static let algorithms: [Keyword] = [
        .first("Ciphers", \.ciphers, Value.algorithms),
        .first("MACs", \.macs, Value.algorithms),
        .first("KexAlgorithms", \.kexAlgorithms, Value.algorithms),
        .first("HostKeyAlgorithms", \.hostKeyAlgorithms, Value.algorithms),
        .first("PubkeyAcceptedAlgorithms", \.pubkeyAcceptedAlgorithms, Value.algorithms),
        .first("PubkeyAcceptedKeyTypes", \.pubkeyAcceptedAlgorithms, Value.algorithms),
    ]

    private static let behaviour: [Keyword] = [
        .first("LogLevel", \.logLevel, Value.logLevel),
        .first("IgnoreUnknown", \.ignoreUnknown, Value.word),
        .choice("SessionType", \.sessionType, ["none": .none, "subsystem": .subsystem, "default": .default]),
        .choice(
            "RequestTTY",
            \.requestTTY,
            ["yes": .yes, "true": .yes, "no": .no, "false": .no, "force": .force, "auto": .auto]
        ),
        .first("StdinNull", \.standardInputIsNull, Value.flag),
        .first("ForkAfterAuthentication", \.forkAfterAuthentication, Value.flag),
        // Ours.
        .choice("RelayMode", \.relayMode, ["failover": .failover, "all": .all]),
        .first("Proxy", \.proxySetting, Value.proxySetting),
        .first("Reconnect", \.reconnect, Value.flag),
        .first("ReconnectHold", \.reconnectHold, Value.interval),
    ]

    /// OpenSSH passes over these, too, or knows them by another name.
    private static let withoutMeaning: [Keyword] = [
        "AFSTokenPassing", "Cipher", "CompressionLevel", "FallBackToRsh", "GlobalKnownHostsFile2",
        "KerberosAuthentication", "KerberosTGTPassing", "Protocol", "RhostsAuthentication",
        "RhostsRSAAuthentication", "RSAAuthentication", "UseBlacklistedKeys", "UsePrivilegedPort",
        "UserKnownHostsFile2", "UseRoaming", "UseRsh",
    ].map { Keyword($0, .ignored) }

    private static let aliases: [Keyword] = [
        ("ChallengeResponseAuthentication", "KbdInteractiveAuthentication"),
        ("SkeyAuthentication", "KbdInteractiveAuthentication"),
        ("TISAuthentication", "KbdInteractiveAuthentication"), ("HostbasedKeyTypes", "HostbasedAcceptedAlgorithms"),
        ("SmartcardDevice", "PKCS11Provider"),
    ].compactMap { alias, name in
        SilentKeyword.all.first { $0.name == name }.map { Keyword(alias, $0.keyword.meaning) }
    }

    private static let notYet: [Keyword] = SilentKeyword.unsupported.map { Keyword($0.name, .unsupported($0)) }
}
