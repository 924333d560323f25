public import SSHCrypto

/// Who may log in to a relay that is part of another program, and what they may do then.
///
/// It takes the place of accounts, their files and commands. The configuration's other rules hold as well: its limits, and for
/// example `AllowTcpForwarding`, `GatewayPorts` and `Match`. Its answers come on event loops, from several threads: they must not
/// block. Nothing is kept of an answer about listening and opening; somebody who has logged in stays.
public protocol RelayPolicy: Sendable {
    /// Whether somebody may log in with this key. The client proves that it has the key, or has yet to.
    func mayLogIn(_ login: RelayLogin) -> Bool

    /// Whether the client may have a listener of the relay, a port or a Unix socket, as it was requested.
    func mayListen(on endpoint: RelayEndpoint, _ login: RelayLogin) -> Bool

    /// Whether the relay connects the client there, as it was requested: no name is looked up before.
    func mayOpen(_ endpoint: RelayEndpoint, _ login: RelayLogin) -> Bool
}

/// Who logs in, or has.
public struct RelayLogin: Hashable, Sendable {
    /// The name that the client gave, which may be any text.
    public let user: String
    /// A certificate's own key, if it is a certificate. Whether its authority is trusted is not asked: only the key counts.
    public let key: PublicKey
    /// Where the client connects from.
    public let clientAddress: String

    public init(user: String, key: PublicKey, clientAddress: String) {
        self.user = user
        self.key = key
        self.clientAddress = clientAddress
    }
}

/// Where a client wants to listen or to be connected to.
public enum RelayEndpoint: Hashable, Sendable {
    /// A host, or an address to listen on, of which the empty text and `*` mean every one; 0 leaves the port to the relay.
    case port(host: String, UInt32)
    /// A Unix socket.
    case path(String)
}

/// What a policy says of one login.
struct RuledLogin: Sendable {
    let policy: any RelayPolicy
    let login: RelayLogin

    func decision(onListening endpoint: RelayEndpoint) -> Decision {
        Self.decision(self.policy.mayListen(on: endpoint, self.login))
    }

    func decision(onOpening endpoint: RelayEndpoint) -> Decision {
        Self.decision(self.policy.mayOpen(endpoint, self.login))
    }

    private static func decision(_ isPermitted: Bool) -> Decision {
        let rule = Rule.builtIn("the relay's policy")
        return isPermitted ? .permitted(by: rule) : .refused(by: rule)
    }
}
