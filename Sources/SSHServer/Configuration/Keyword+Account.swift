extension Keyword {
    /// Keywords that may stand in a Match block.
    static let account: [Keyword] = [
        // Logging in.
        .account("AuthorizedKeysFile", \.$authorizedKeysFiles, format: Self.paths) { try $0.authorizedKeysFiles() },
        .account("PubkeyAuthentication", \.$pubkeyAuthentication, format: Self.text) { try $0.flag() },
        .account("PubkeyAcceptedAlgorithms", \.$pubkeyAcceptedAlgorithms, format: Self.list) {
            try $0.algorithms($0.supported.publicKeys, wildcards: true)
        },
        .accountList("AllowUsers", \.$allowUsers, format: \.text) { try $0.users() },
        .accountList("DenyUsers", \.$denyUsers, format: \.text) { try $0.users() },
        .accountList("AllowGroups", \.$allowGroups, format: \.text) { try $0.groups() },
        .accountList("DenyGroups", \.$denyGroups, format: \.text) { try $0.groups() },
        .authenticationMethods,
        .account("MaxAuthTries", \.$maxAuthTries, format: Self.text) { try $0.integer() },

        // Forwarding.
        .account("AllowTcpForwarding", \.$allowTCPForwarding, format: Self.text) { try $0.tcpForwarding() },
        .account("DisableForwarding", \.$disableForwarding, format: Self.text) { try $0.flag() },
        .account("PermitListen", \.$permitListen, format: Self.text) { try $0.permitList(allowsBarePort: true) },
        .account("PermitOpen", \.$permitOpen, format: Self.text) { try $0.permitList(allowsBarePort: false) },
        .account("GatewayPorts", \.$gatewayPorts, format: \.rawValue) { try $0.word() },
        .account("ListenTakeover", \.$listenTakeover, format: \.rawValue) { try $0.word() },

        // The connection.
        .account("ClientAliveInterval", \.$clientAliveInterval, format: Self.text) { try $0.duration() },
        .account("ClientAliveCountMax", \.$clientAliveCountMax, format: Self.text) { try $0.integer() },
        Self.rekeyLimit,
        .account("MaxSessions", \.$maxSessions, format: Self.text) { try $0.integer() },
        .account(
            "UnusedConnectionTimeout",
            \.$unusedConnectionTimeout,
            format: { $0 == nil ? "none" : Self.text($0) },
            parse: { try $0.duration(["none"]) }
        ),
        .account("LogLevel", \.$logLevel, format: { $0 == .quiet ? "SILENT" : $0.rawValue }) {
            try $0.word(aliases: ["debug1": "debug", "silent": "quiet"])
        },
    ]

    @Sendable private static func text(_ number: Int) -> String { "\(number)" }

    @Sendable private static func paths(_ paths: [String]) -> String {
        paths.isEmpty ? "none" : paths.joined(separator: " ")
    }

    @Sendable static func text(_ forwarding: TCPForwarding) -> String {
        switch forwarding {
        case .all: "yes"
        case .local: "local"
        case .remote: "remote"
        default: "no"
        }
    }

    @Sendable static func text(_ list: PermitList) -> String {
        switch list {
        case .any: "any"
        case .none: "none"
        case .only(let permissions): permissions.map(\.text).joined(separator: " ")
        }
    }
}
