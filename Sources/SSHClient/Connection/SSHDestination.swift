public import NIOCore
public import SSHCrypto
public import SSHProtocol
import SSHWire

/// A server to log in to: where it is, who we are there, and how we know that it is the right one.
public struct SSHDestination: Sendable {
    /// A name or an address, without brackets.
    public var host: String
    public var port: UInt16
    public var user: String
    /// Keys to log in with, in the order in which they are tried: `Identity`, `PrivateKey`, or a type of yours.
    public var identities: [any SigningKey]
    public var hostKeys: HostKeyTrust
    /// How the server is reached.
    public var route: SSHRoute
    public var options: ConnectionOptions

    /// - Parameters:
    ///   - port: 22 is ssh's.
    ///   - hostKeys: the user's known_hosts, unless something else is said.
    public init(
        host: String,
        port: UInt16 = 22,
        user: String,
        identities: [any SigningKey] = [],
        hostKeys: HostKeyTrust = .knownHosts(),
        route: SSHRoute = .direct,
        options: ConnectionOptions = ConnectionOptions()
    ) {
        self.host = host
        self.port = port
        self.user = user
        self.identities = identities
        self.hostKeys = hostKeys
        self.route = route
        self.options = options
    }

    /// `user@host`, `user@host:port` or `ssh://user@host:port`, with IPv6 addresses in brackets.
    ///
    /// - Throws: `invalidConfiguration` for anything else, and if there is no user.
    public init(_ text: String) throws {
        let parsed = Destination.parseURI(text) ?? Destination.parseUserHostPort(text)
        guard let parsed, let user = parsed.user else {
            throw SSHError(.invalidConfiguration, "\"\(text)\" is not a destination: expected user@host[:port]")
        }
        try NameRules.check(host: parsed.host, user: user)
        self.init(host: parsed.host, port: parsed.port ?? 22, user: user)
    }

    /// The same, reached through these servers, the first of which is reached as this one would be.
    func through(_ jumpHosts: [SSHDestination]) -> SSHDestination {
        var destination = self
        var route = self.route
        for var hop in jumpHosts {
            if case .direct = hop.route { hop.route = route }
            route = .jump(hop)
        }
        destination.route = route
        return destination
    }

    /// `host:port`, with an IPv6 address in brackets.
    public var name: String { ForwardTarget.host(self.host, port: self.port).description }
}

/// How a server is reached.
public indirect enum SSHRoute: Sendable {
    /// A TCP connection of this machine.
    case direct
    /// A TCP connection to a proxy, which connects to the server.
    case proxy(ProxyServer)
    /// Through another server, which connects to this one (ssh's ProxyJump).
    case jump(SSHDestination)
    /// Through a program's standard input and output (ssh's ProxyCommand).
    case command(ProxyCommand)

    /// Whether the socket's other end is the server's.
    var isDirect: Bool {
        if case .direct = self { true } else { false }
    }

    /// Whether the socket is one of the network.
    var isOfNetwork: Bool {
        switch self {
        case .direct, .proxy: true
        case .jump, .command: false
        }
    }
}

/// A program that stands between us and a server.
public struct ProxyCommand: Sendable {
    /// For the shell. Whatever of it is not yours must not mean anything there.
    public var command: String
    public var shell: String
    /// Which of the signals that this process ignores the program is to hear of, besides SIGPIPE.
    public var signals: [Int32]

    public init(_ command: String, shell: String = "/bin/sh", signals: [Int32] = []) {
        self.command = command
        self.shell = shell
        self.signals = signals
    }
}

/// How one connection behaves. The defaults are `swssh`'s.
public struct ConnectionOptions: Sendable {
    /// What is offered, in order of preference; its host key algorithms come from `SSHDestination.hostKeys`.
    public var algorithms = AlgorithmPreferences()
    /// What keys may sign with.
    public var userKeyAlgorithms = AlgorithmPreferences.userKeySignatures
    /// Stands behind our version in the identification line (RFC 4253 §4.2); printable ASCII, or empty.
    public var versionAddendum = ""
    /// When the keys are renewed.
    public var rekeyLimit = RekeyLimit()
    /// A peer that is silent for 15 seconds is asked for a sign of life, and given up after three questions.
    public var keepalive = Keepalive(interval: .seconds(15))
    /// Whether the kernel, too, looks whether the other side is there (SO_KEEPALIVE).
    public var tcpKeepAlive = true
    /// How long the way to the server may take, and the key exchange once there; nil for as long as they take.
    public var connectTimeout: TimeAmount?
    /// How long one address may take to answer; nil for as long as `connectTimeout` says.
    public var dialTimeout: TimeAmount?
    /// How long the login may take, once the host's key has been accepted.
    public var loginTimeout = TimeAmount.seconds(120)
    /// How often it is tried to connect, with a second between.
    public var connectionAttempts = 1
    /// Which of a name's addresses are tried.
    public var addressFamily = ClientAddressFamily.any
    /// The address of this machine that the connection comes from; nil leaves it to the system.
    public var bindAddress: String?
    /// The same by the name of the network interface that has it; `bindAddress` comes before it.
    public var bindInterface: String?
    /// Hears of what happens, at once and in order, on the connection's event loop: it must not block.
    public var onEvent: (@Sendable (ConnectionEvent) -> Void)?

    public init() {}
}
