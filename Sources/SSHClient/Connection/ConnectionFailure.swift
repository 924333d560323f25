public import SSHProtocol
public import SSHWire

/// Why a connection ended, or never came to be.
public struct ConnectionFailure: Error, Sendable, CustomStringConvertible {
    /// How far the connection had come.
    public enum Stage: Int, Hashable, Comparable, Sendable {
        /// There was no connection yet.
        case connecting
        /// The server had not said who it is.
        case identifying
        /// The keys, the host and the login.
        case loggingIn
        case loggedIn

        public static func < (left: Stage, right: Stage) -> Bool { left.rawValue < right.rawValue }
    }

    /// What went wrong: its `code` is for programs, its `reason` for people.
    public let error: SSHError
    /// Which of the servers on the way it was.
    public let host: String
    public let port: UInt16
    public let user: String
    public let stage: Stage
    /// The server's address; nil if the way to it leads through others.
    public let address: String?
    /// What became of the tries to log in; nil if it did not come to that, or they succeeded.
    public let login: ClientLoginReport?
    /// Within which time the server, which meant to stop, asked to come back, at random; nil if it did not say.
    public let reconnectHint: ReconnectHint?

    init(
        _ error: SSHError,
        _ destination: SSHDestination,
        _ stage: Stage,
        address: String? = nil,
        login: ClientLoginReport? = nil,
        reconnectHint: ReconnectHint? = nil
    ) {
        self.error = error
        self.host = destination.host
        self.port = destination.port
        self.user = destination.user
        self.stage = stage
        self.address = address
        self.login = login
        self.reconnectHint = reconnectHint
    }

    /// Nobody was there; it may be different in a second.
    var isUnreached: Bool {
        self.stage == .connecting && ![.authenticationFailed, .forwardingFailed].contains(self.code)
    }

    public var code: SSHError.Code { self.error.code }

    public var description: String {
        "\(self.user)@\(ForwardTarget.host(self.host, port: self.port)): \(self.error.reason)"
    }
}
