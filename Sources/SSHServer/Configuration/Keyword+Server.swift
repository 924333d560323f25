extension Keyword {
    /// Keywords for the whole relay.
    static let server: [Keyword] = [
        .serverList("Port", \.$ports, format: { "\($0)" }) { [try $0.port()] },
        Self.listenAddress,
        .server("AddressFamily", \.$addressFamily, format: \.rawValue) { try $0.word() },
        .serverList("HostKey", \.$hostKeyFiles, format: \.self) { try $0.pathOrNone().map { [$0] } ?? [] },
        .server("PidFile", \.$pidFile, format: { $0 ?? "none" }) { try $0.pathOrNone() },
        .server("StrictModes", \.$strictModes, format: Self.text) { try $0.flag() },
        .server("SyslogFacility", \.$syslogFacility, format: \.rawValue) { try $0.word() },
        .server("ShutdownGrace", \.$shutdownGrace, format: Self.text) { try $0.duration() },
        .server("LoginGraceTime", \.$loginGraceTime, format: Self.text) { try $0.duration() },
        .server("MaxStartups", \.$maxStartups, format: { "\($0.start):\($0.rate):\($0.full)" }) {
            try $0.maxStartups()
        },
        .server("PerSourceMaxStartups", \.$perSourceMaxStartups, format: { $0.map { "\($0)" } ?? "none" }) {
            try $0.perSourceMaxStartups()
        },
        .server("PerSourceNetBlockSize", \.$perSourceNetBlockSize, format: { "\($0.ipv4):\($0.ipv6)" }) {
            try $0.netBlockSize()
        },
        .server("TCPKeepAlive", \.$tcpKeepAlive, format: Self.text) { try $0.flag() },
        .server("Ciphers", \.$ciphers, format: Self.list) { try $0.algorithms($0.supported.ciphers) },
        // `completeMACs` judges a list of which nothing is left.
        .server("MACs", \.$macs, format: Self.list) { try $0.algorithms($0.supported.macs, mayLeaveNone: true) },
        .server("KexAlgorithms", \.$kexAlgorithms, format: Self.list) {
            try $0.algorithms($0.supported.keyExchanges, byName: $0.supported.keyExchangesByName)
        },
        .server("HostKeyAlgorithms", \.$hostKeyAlgorithms, format: Self.list) {
            try $0.algorithms($0.supported.hostKeys, wildcards: true)
        },
    ]

    /// Printed with its port, and the wildcards where no line names an address: what is listened to, as sshd prints it.
    private static let listenAddress: Keyword = {
        var keyword = Keyword.serverList("ListenAddress", \.$listenAddresses, format: Self.text) {
            [try $0.listenAddress()]
        }
        keyword.format = { configuration, _ in configuration.listenEndpoints.map(Self.text) }
        return keyword
    }()

    @Sendable static func text(_ flag: Bool) -> String { flag ? "yes" : "no" }

    @Sendable static func text(_ duration: Duration?) -> String { "\(duration?.components.seconds ?? 0)" }

    @Sendable static func list(_ names: [String]) -> String { names.joined(separator: ",") }

    @Sendable private static func text(_ address: ListenAddress) -> String {
        let host = address.host.contains(":") ? "[\(address.host)]" : address.host
        return address.port.map { "\(host):\($0)" } ?? host
    }
}
