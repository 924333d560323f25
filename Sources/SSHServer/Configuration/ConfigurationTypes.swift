import SSHConfiguration

/// AddressFamily: which of IPv4 and IPv6 the relay listens on.
public enum AddressFamily: String, Hashable, Sendable, CaseIterable {
    case any
    case inet
    case inet6
}

/// GatewayPorts: which addresses a client's listener is bound to.
public enum GatewayPorts: String, Hashable, Sendable, CaseIterable {
    case no
    case yes
    case clientSpecified = "clientspecified"
}

/// ListenTakeover: who may have a listener that another connection still holds.
public enum ListenTakeover: String, Hashable, Sendable, CaseIterable {
    case no
    /// The key that holds it, on the same account, if the connection that listens is silent when it is asked.
    case sameKeyIfSilent = "same-key-if-silent"
    /// Every key of the account, if the connection that listens is silent when it is asked.
    case sameAccountIfSilent = "same-account-if-silent"
    /// The key that holds it, at once.
    case sameKey = "same-key"
    /// Every key of the account, at once.
    case sameAccount = "same-account"

    /// A connection that answers keeps its listener.
    var spares: Bool { self == .sameKeyIfSilent || self == .sameAccountIfSilent }

    /// Whether a login may have what another login holds.
    func permits(account: String, key: [UInt8], toHaveWhat holder: (account: String, key: [UInt8])) -> Bool {
        guard holder.account.hasSameBytes(as: account) else { return false }
        return switch self {
        case .no: false
        case .sameKey, .sameKeyIfSilent: holder.key == key
        case .sameAccount, .sameAccountIfSilent: true
        }
    }
}

/// AllowTcpForwarding: directions as sshd names them, seen from the client.
public struct TCPForwarding: OptionSet, Hashable, Sendable {
    public let rawValue: UInt8

    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// The client's -L, -D, -W and -J: `direct-tcpip`.
    public static let local = TCPForwarding(rawValue: 1)
    /// The client's -R: `tcpip-forward`.
    public static let remote = TCPForwarding(rawValue: 2)
    public static let all: TCPForwarding = [.local, .remote]
}

/// MaxStartups: from `start` unauthenticated connections on, `rate` percent of new ones are dropped, at `full` all of them.
public struct MaxStartups: Hashable, Sendable {
    public let start: Int
    /// 1 to 100.
    public let rate: Int
    /// At least `start`.
    public let full: Int

    public init(start: Int, rate: Int, full: Int) {
        self.start = start
        self.rate = rate
        self.full = full
    }
}

/// PerSourceNetBlockSize: how many leading bits make two addresses the same source.
public struct NetBlockSize: Hashable, Sendable {
    public let ipv4: Int
    public let ipv6: Int

    public init(ipv4: Int, ipv6: Int) {
        self.ipv4 = ipv4
        self.ipv6 = ipv6
    }
}

/// RekeyLimit: nil leaves the cipher's own limit, or no limit by time.
public struct ConfiguredRekeyLimit: Hashable, Sendable {
    public let bytes: UInt64?
    public let time: Duration?

    public init(bytes: UInt64?, time: Duration?) {
        self.bytes = bytes
        self.time = time
    }
}

/// ListenAddress: a host of this machine, and a port if the line names one.
public struct ListenAddress: Hashable, Sendable {
    /// A numeric address without brackets, or a name.
    public let host: String
    public let port: UInt16?

    public init(host: String, port: UInt16?) {
        self.host = host
        self.port = port
    }
}
