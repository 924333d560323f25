/// What to do about a host key that is not known, or not the known one.
public enum StrictHostKeyChecking: String, Sendable {
    case yes, no, ask
    /// New hosts are added without asking, changed keys refused.
    case acceptNew = "accept-new"
}

public enum UpdateHostKeys: String, Sendable {
    case yes, no, ask
}

public enum ClientAddressFamily: String, Sendable {
    case any, inet, inet6
}

/// ssh's log levels, quietest first.
public enum ClientLogLevel: String, CaseIterable, Comparable, Sendable {
    case quiet = "QUIET"
    case fatal = "FATAL"
    case error = "ERROR"
    case info = "INFO"
    case verbose = "VERBOSE"
    case debug1 = "DEBUG"
    case debug2 = "DEBUG2"
    case debug3 = "DEBUG3"

    private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }

    public static func < (left: ClientLogLevel, right: ClientLogLevel) -> Bool {
        left.rank < right.rank
    }

    /// One `-v` more.
    var raised: ClientLogLevel {
        switch self {
        case .debug1: .debug2
        case .debug2, .debug3: .debug3
        default: .debug1
        }
    }
}

public enum SessionType: String, Sendable {
    case none, subsystem, `default`
}

public enum RequestTTY: String, Sendable {
    case auto, yes, no, force
}

/// How the server is reached. ProxyJump and ProxyCommand compete: the first one given wins.
public enum ProxyMethod: Hashable, Sendable {
    case direct
    /// In the order in which they are connected to.
    case jump([JumpHost])
    case command(String)
}

/// Which agent holds keys.
public enum IdentityAgent: Hashable, Sendable {
    case none
    /// The socket's path.
    case socket(String)
}

/// When this side starts a new key exchange on its own.
public struct ClientRekeyLimit: Hashable, Sendable {
    /// nil: the cipher's default.
    public var bytes: UInt64?
    /// nil: the default.
    public var seconds: Int?

    public init(bytes: UInt64? = nil, seconds: Int? = nil) {
        self.bytes = bytes
        self.seconds = seconds
    }
}

/// Which targets a remote dynamic forward may reach.
public enum PermitRemoteOpen: Hashable, Sendable {
    case any
    case none
    case targets([Target])

    /// A host and a port; `*` stands for every one of either.
    public struct Target: Hashable, Sendable {
        public let host: String
        /// nil: every port.
        public let port: UInt16?
    }

    /// Hosts are compared as they were asked for, before any look-up.
    public func permits(host: String, port: UInt16) -> Bool {
        switch self {
        case .any: true
        case .none: false
        case .targets(let targets):
            targets.contains { ($0.host == "*" || $0.host == host) && ($0.port == nil || $0.port == port) }
        }
    }
}
