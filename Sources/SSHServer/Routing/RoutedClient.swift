import SSHCrypto
import SSHForwarding
import SSHProtocol
import SSHSystem

/// A client that is logged in, as far as its requests for tunnels and listeners are concerned.
///
/// Everything happens on its connection's event loop.
protocol RoutedClient: AnyObject {
    /// The number by which the log knows its connection.
    var id: UInt64 { get }
    var peer: PeerName { get }
    var login: Login { get }
    /// What the login may do now.
    var policy: ForwardingPolicy { get }
    /// nil when the connection has ended.
    var handler: ConnectionHandler? { get }
    var routes: Routes { get }
    /// No new tunnel begins any more.
    var isStopping: Bool { get }
    /// What is done for it elsewhere ends with it.
    var asker: FairThreads.Asker { get }
    var logger: ConnectionLog { get }
    /// For what its requests come to.
    var requestLog: ConnectionLog { get }
    /// For how its connection ends.
    var sourceLog: ConnectionLog { get }

    /// Takes what a socket needs of the account's share.
    ///
    /// - Returns: nil if there is none left for it, which is written into the log.
    func takeSocket() -> ResourceReservation?

    /// Takes what a listener needs of the account's share.
    ///
    /// - Parameters:
    ///   - count: so many listeners the client has already.
    ///   - hasSockets: a name has none.
    func takeListenerRoom(beside count: Int, hasSockets: Bool) throws(RemoteForwards.Refusal) -> ListenerRoom

    /// A tunnel that is counted, watched, and written about when it ends.
    ///
    /// - Parameter descriptor: what its socket takes of the account's share, if it is one.
    func tunnel(
        _ connection: ConnectionHandler,
        _ audit: TunnelAudit,
        _ descriptor: ResourceReservation?
    ) -> Tunnel

    /// The policy as it is now, and the account that its patterns ask for: the system is asked only if one of them does, and
    /// away from the event loop.
    ///
    /// - Parameter refuse: is called instead if the client asks faster than the system answers; nil where it is not the client
    ///   who asks.
    func withUnixPolicy(
        _ connection: ConnectionHandler,
        orElse refuse: (() -> Void)?,
        _ body: @escaping (ForwardingPolicy, Account) -> Void
    )

    /// Ends the connection.
    ///
    /// - Parameters:
    ///   - reason: for the log.
    ///   - message: for the client.
    func end(because reason: String, _ message: String)
}

extension RoutedClient {
    /// Names are looked up on behalf of a key: a whole fleet may share an account.
    var lookupAsker: LookupAsker { LookupAsker(self.login.claim.key.blob) }
}
