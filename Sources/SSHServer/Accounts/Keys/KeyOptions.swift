import SSHConfiguration
public import SSHForwarding

/// The options in front of a key in an authorized_keys file, after all of them were read from left to right.
public struct KeyOptions: Hashable, Sendable {
    // Who may use the key.
    public internal(set) var certificateAuthority = false
    public internal(set) var principals: [String]?
    /// The key is void after this time, in seconds since 1970.
    public internal(set) var expiryTime: UInt64?
    var from: HostPatternList?
    /// For sk- keys: false after `no-touch-required`.
    public internal(set) var requiresUserPresence = true
    /// For sk- keys: true after `verify-required`.
    public internal(set) var requiresUserVerification = false

    // Forwarding.
    public internal(set) var permitsPortForwarding = true
    /// The option that last said whether it does.
    public internal(set) var portForwardingRule: Rule?
    /// Empty: no limit by this key.
    public internal(set) var permitListen: [ForwardPermission] = []
    /// Empty: no limit by this key.
    public internal(set) var permitOpen: [ForwardPermission] = []
    /// nil: no limit by this key.
    public internal(set) var permitCallers: CallerList?

    /// Empty: no limit by this key, and no permission by it either.
    public internal(set) var permitStreamLocalListen: [UnixPathPermission] = []
    public internal(set) var permitStreamLocalOpen: [UnixPathPermission] = []

    /// Shared by all connections of the key; nil for no limit by this key.
    public internal(set) var rateLimit: RateLimit?

    /// What it may ask of the relay in a session.
    public internal(set) var permitCommands = PermittedCommands.none

    // Without effect on a host that only forwards, but `command` is what a session prints.
    public internal(set) var command: String?
    public internal(set) var permitsAgentForwarding = true
    public internal(set) var permitsX11Forwarding = true
    public internal(set) var permitsPTY = true
    public internal(set) var permitsUserRC = true
    /// `NAME=value`.
    public internal(set) var environment: [String] = []
    public internal(set) var tunnel: String?

    public init() {}
}
