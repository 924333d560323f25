import SSHWire

/// What to do with a host that has several names (HostName). Ours, as several names are.
public enum RelayMode: String, Sendable {
    /// One is used; the next takes its place when it is not reached or lost.
    case failover
    /// All are connected to, so that what the servers listen on is there while one of them is away.
    case all
}

/// One of the words behind HostName.
public struct RelayName: Hashable, Sendable {
    /// A name or an address without brackets, or the name of a service.
    public var host: String
    /// Nil leaves it to Port.
    public var port: UInt16?
    /// Whether `host` is a name with SRV records (RFC 2782), which say where the servers are.
    public var isService: Bool

    private static let servicePrefix = "srv:"

    public init(host: String, port: UInt16? = nil) {
        self.host = host
        self.port = port
        self.isService = false
    }

    /// `host`, known_hosts' `[host]:port`, or `srv:_ssh._tcp.example.com`.
    init(_ word: String) throws {
        if word.lowercased().hasPrefix(Self.servicePrefix) {
            self.init(host: String(word.dropFirst(Self.servicePrefix.count)))
            self.isService = true
            guard !self.host.isEmpty, SOCKSAddress.hostName(Array(self.host.utf8)) != nil else { throw Self.bad(word) }
        } else if word.first == "[" {
            guard let (host, port) = HostAndPort.split(word), !host.isEmpty else { throw Self.bad(word) }
            self.init(host: host)
            guard let port else { return }
            guard let number = PortNumber.parse(port), number > 0 else { throw Self.bad(word) }
            self.port = number
        } else {
            self.init(host: word)
        }
    }

    /// As it may be written.
    var word: String {
        if self.isService { return Self.servicePrefix + self.host }
        return self.port.map { "[\(self.host)]:\($0)" } ?? self.host
    }

    private static func bad(_ word: String) -> SSHError {
        SSHError(.invalidConfiguration, "HostName: \"\(word)\" is no host, [host]:port or srv:_service._tcp.domain")
    }
}
