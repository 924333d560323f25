/// One client that is logged in, as an operator sees it. Texts are as the client chose them.
public struct ConnectionSummary: Hashable, Sendable {
    /// Where a client has the relay listen.
    public enum Listener: Hashable, Sendable {
        /// - Parameters:
        ///   - host: as the client asked for it.
        ///   - addresses: those that are bound.
        case port(UInt16, host: String, addresses: [String])
        case path(String)
        /// A device's name, and its port there.
        case name(String, UInt16)
    }

    /// So many listeners of one connection are named; their number is told all the same.
    static let mostListeners = 128

    /// The number by which the log knows it.
    public let connection: UInt64
    public let account: String
    /// The fingerprint of the key that logged in.
    public let key: String
    public let address: String
    public let port: UInt16
    /// When the client connected, in seconds since 1970.
    public let since: UInt64
    public let listeners: [Listener]
    public let listenerCount: Int
    /// Tunnels that are open.
    public let tunnels: Int
    /// Bytes of its tunnels, open or ended, from the client and to it.
    public let sent: UInt64
    public let received: UInt64
}

/// How a relay is doing.
public struct RelayStatus: Hashable, Sendable {
    public var version: String
    public var process: Int32
    /// When it began to serve, in seconds since 1970.
    public var since: UInt64
    /// Connections that are logged in, and those that are not yet.
    public var connections = 0
    public var beginning = 0
    public var listeners = 0
    /// Tunnels that are open.
    public var tunnels = 0
    /// Bytes of all tunnels since the relay began, from clients and to them.
    public var sent: UInt64 = 0
    public var received: UInt64 = 0

    init(version: String, process: Int32, since: UInt64) {
        (self.version, self.process, self.since) = (version, process, since)
    }
}

/// What came of reading everything again.
public enum ReloadOutcome: Hashable, Sendable {
    case holds
    /// Everything stays as it was.
    case failed(String)
}
