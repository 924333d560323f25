/// What Match blocks and AllowUsers look at.
public struct ConnectionFacts: Hashable, Sendable {
    /// The name that the client gave.
    public var user: String
    /// There is no such account.
    public var userIsInvalid: Bool
    /// The Unix groups of the account, if it has any.
    public var groups: [String]
    /// The client's name, or its address again while UseDNS is no.
    public var host: String
    /// The client's numeric address.
    public var address: String
    /// The numeric address that the client connected to.
    public var localAddress: String
    public var localPort: Int
    /// What is not known: no criterion about it matches. Empty but for `-C`, before it is known who logs in, and while a name
    /// is looked up.
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
}
