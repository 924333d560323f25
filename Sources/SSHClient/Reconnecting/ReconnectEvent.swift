public import NIOCore

/// What happens to forwards that come back.
public enum ReconnectEvent: Sendable {
    /// The server is reached, and the forwards are asked for.
    ///
    /// - Parameters:
    ///   - failures: how often it was tried in vain before.
    ///   - outage: since the last connection ended, to whichever server; nil for the first one.
    case connected(failures: Int, outage: TimeAmount?)
    /// A connection ended, or did not come to be.
    case disconnected(any Error, wasConnected: Bool, nextTry: TimeAmount)
    /// A forward was refused, and is asked for again. Told of once for each connection.
    case forwardRefused(ForwardFailure, nextTry: TimeAmount)
    /// The server listens, or this machine does after it could not.
    ///
    /// - Parameter afterRefusal: it was refused before, on this connection.
    case forwardGiven(Forward, afterRefusal: Bool)
    /// Every forward stands there.
    case allStand
    /// The way to the server is looked at, because this machine's addresses changed or it has slept.
    case checking(PathDoubt)
}

/// Why a connection may be dead though nothing says so.
public enum PathDoubt: Sendable {
    /// An address, a route or a link of this machine changed.
    case networkChanged
    /// This machine was suspended.
    case slept
}

/// How forwards come back.
public struct ReconnectOptions: Sendable {
    public var pauses = ReconnectPauses()
    /// How long whoever connects to a local listener between two connections is kept waiting.
    public var hold = TimeAmount.seconds(15)
    /// How long one try to reach the server may take, unless `ConnectionOptions.connectTimeout` says it.
    public var dialTimeout = TimeAmount.seconds(3)
    /// How long the server may then take for the key exchange, unless `ConnectionOptions.connectTimeout` says it.
    public var keyExchangeTimeout = TimeAmount.seconds(60)
    /// The longest time between two requests for a forward that is refused; the first one is a second, and each is twice the one before.
    public var longestForwardPause = TimeAmount.seconds(30)
    /// How long a server may take for an answer when its way is in doubt.
    public var probeTimeout = TimeAmount.seconds(3)
    /// What several servers are for.
    public var relayMode = RelayMode.failover
    /// Gets each connection when it is there, before it is told of, and the server's name; must not block.
    public var onConnection: (@Sendable (SSHConnection, _ relay: String) -> Void)?
    /// Hears of what happens, and of which server (`SSHDestination.name`); nil for what concerns none. It must not block.
    public var onEvent: (@Sendable (ReconnectEvent, _ relay: String?) -> Void)?

    public init() {}
}
