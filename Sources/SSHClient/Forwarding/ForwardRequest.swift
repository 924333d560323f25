/// A forward to be set up: ssh's `-L`, `-D` (a target of `.socks`) or `-R`.
public struct ForwardRequest: Hashable, Sendable {
    /// Which side listens.
    public enum Side: Hashable, Sendable {
        /// This machine; the server connects to the target.
        case local
        /// The server; this machine connects to the target.
        case remote
    }

    public var side: Side
    public var specification: ForwardSpecification

    public init(_ side: Side, _ specification: ForwardSpecification) {
        self.side = side
        self.specification = specification
    }

    /// What people call it, as it would be written on ssh's command line.
    public var option: String {
        switch self.side {
        case .remote: "-R"
        case .local: self.specification.target == .socks ? "-D" : "-L"
        }
    }
}

/// What holds for the forwards of one connection.
public struct ForwardOptions: Sendable {
    /// Whether local listeners without an address take connections from other machines, too.
    public var gatewayPorts = false
    /// One forward that cannot be set up makes all of it fail.
    public var exitOnForwardFailure = true
    /// What SOCKS clients of the server may reach through this machine.
    public var permitRemoteOpen = PermitRemoteOpen.any
    /// The permissions that local Unix sockets do not have.
    public var streamLocalBindMask: UInt32 = 0o177
    /// Whether a file that stands where a local Unix socket is to be is removed first.
    public var streamLocalBindUnlink = false

    public init() {}
}

/// A forward could not be set up.
public struct ForwardFailure: Error, Sendable, CustomStringConvertible {
    public let request: ForwardRequest
    /// A system's error for a listener of this machine, an `SSHError` for one of the server.
    public let cause: any Error

    public var description: String {
        "\(self.request.option) \(self.request.specification): \(SystemReason.of(self.cause))"
    }
}

/// A forward that stands. It ends with its connection.
public struct Forward: Sendable {
    public let request: ForwardRequest
    /// Where it listens: the one that was asked for, or the one that was chosen; nil for a Unix socket.
    public let port: UInt16?
}
