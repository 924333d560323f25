import SSHConfiguration

/// What Match blocks and AllowUsers look at.
public struct ConnectionFacts: Hashable, Sendable {
    /// The name that the client gave.
    public var user: String
    /// There is no such account.
    public var userIsInvalid: Bool
    /// The Unix groups of the account. One that has none is no Unix account, and counts as member of a group that has no name:
    /// no rule about a group's name is about it, and every rule about `*` is.
    public var groups: [String]
    /// There is a Unix account of that name.
    var isUnixAccount = false
    /// The client's name, or its address again while UseDNS is no.
    public var host: String
    /// The client's numeric address.
    public var address: String
    /// The numeric address that the client connected to.
    public var localAddress: String
    public var localPort: Int
    /// Empty: there are none here. Only `-C` names another.
    var routingDomain = ""
    /// What is not known: no criterion about it matches. Empty but for `-C`, before it is known who logs in, while a name
    /// is looked up, and where who could say it is not there. Nobody logs in by a rule that hangs on it.
    var missing: Set<Fact> = []

    /// - Parameter host: nil for the address itself.
    public init(
        user: String,
        address: String,
        host: String? = nil,
        localAddress: String,
        localPort: Int,
        groups: [String] = [],
        userIsInvalid: Bool = false
    ) {
        self.user = user
        self.userIsInvalid = userIsInvalid
        self.groups = groups
        self.host = host ?? address
        self.address = address
        self.localAddress = localAddress
        self.localPort = localPort
    }

    /// The client has said who it wants to be.
    mutating func learn(user: String) {
        self.user = user
        self.missing.remove(.user)
    }

    /// The system has been asked about the account.
    mutating func learn(_ account: Account) {
        self.learn(user: account.name.text)
        self.groups = account.groups
        self.isUnixAccount = account.userID != nil
        if account.isIncomplete { self.missing.insert(.groups) } else { self.missing.remove(.groups) }
    }

    var origin: ClientOrigin {
        ClientOrigin(address: self.address, host: self.host, isNameKnown: self.isKnown(.host))
    }
}
