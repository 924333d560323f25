import Logging
import NIOCore
import SSHConfiguration
import SSHCrypto
import SSHForwarding
import SSHProtocol
import SSHSystem
import SSHWire

/// One client's connection, from its socket to its end. What the engine tells goes to the phase that the connection is in.
///
/// Everything happens on the connection's event loop.
final class ServerConnection {
    /// What the connection is doing; each phase holds just what there is in it.
    enum Phase {
        /// Nobody has logged in yet.
        case beginning(ConnectionBeginning)
        case loggedIn(LoggedInConnection)
        case ended
    }

    let client: Client
    private(set) var phase: Phase

    init(_ client: Client, _ beginning: ConnectionBeginning) {
        self.client = client
        self.phase = .beginning(beginning)
    }

    var id: UInt64 { self.client.id }

    var beginning: ConnectionBeginning? {
        if case .beginning(let beginning) = self.phase { beginning } else { nil }
    }

    var loggedIn: LoggedInConnection? {
        if case .loggedIn(let loggedIn) = self.phase { loggedIn } else { nil }
    }

    /// The key is accepted; the engine has yet to say so to the client.
    private func logIn(_ login: Login, _ judged: Judged) {
        guard let beginning = self.beginning else { return }
        beginning.startup.end()
        let loggedIn = LoggedInConnection(self.client, login)
        self.phase = .loggedIn(loggedIn)
        loggedIn.watch(judged)
        self.client.sourceLog.info(
            "Accepted publickey for \(beginning.tried.userInLog) from \(self.client.peer) ssh2: \(login.description)"
        )
    }

    // MARK: What the relay and other connections say

    /// Others need the place of a client that has not logged in more.
    func makeWay() {
        self.beginning?.startup.makeWay()
    }

    /// The client's handshake may go on.
    func turnHasCome() {
        self.beginning?.startup.turnHasCome()
    }

    /// What is judged again; nil if nobody is logged in.
    func standing(asksCommands: Bool) -> Standing? {
        self.loggedIn?.standing(asksCommands: asksCommands)
    }

    /// Goes on as the decision says: under new settings, or not at all.
    func abide(by judged: Judged, of rules: RelayRules) {
        self.loggedIn?.abide(by: judged, of: rules)
    }

    /// Closes the listeners, and the connection if it carries nothing.
    ///
    /// - Parameter hint: when the client should come back.
    /// - Returns: how many channels are open.
    func beginStopping(_ hint: ReconnectHint) -> Int {
        if let loggedIn = self.loggedIn {
            loggedIn.closeListeners()
            self.client.handler?.perform { _ = try $0.sendReconnectHint(hint) }
        }
        return self.endIfUnused()
    }

    /// - Returns: how many channels are open.
    func endIfUnused() -> Int {
        guard let handler = self.client.handler, !handler.hasEnded else { return 0 }
        let count = handler.channelCount
        if count == 0 { self.endForShutdown() }
        return count
    }

    func endForShutdown() {
        self.client.endReason = "the relay is shutting down"
        self.client.handler?.disconnect(.byApplication, "the relay is shutting down")
    }
}

extension ServerConnection: ConnectionOwner {
    func connectionIdentified(_ connection: ConnectionHandler, peer: String) {
        self.beginning?.identified(connection, peer: peer)
    }

    func connectionNegotiated(_ connection: ConnectionHandler, _ algorithms: NegotiatedAlgorithms, isFirst: Bool) {
        if isFirst { self.beginning?.startup.progressed(to: .keysExchanged) }
        self.client.logger.trace("\(self.client.peer): \(isFirst ? "kex" : "rekey"): \(algorithms)")
    }

    func connection(_ connection: ConnectionHandler, verify hostKey: HostKeyToVerify) {
        connection.fail(SSHError(.misuse, "a server verifies no host key"))
    }

    func connection(
        _ connection: ConnectionHandler,
        sign request: SignatureRequest,
        _ signature: EventLoopPromise<[UInt8]>
    ) {
        // Before the login, the client that waits for us has nothing to answer for.
        let work = self.beginning?.work
        work?.begin()
        let eventLoop = signature.futureResult.eventLoop
        self.client.context.hostKeyAgents.sign(request, on: eventLoop, isUrgent: connection.isAuthenticated) {
            [weak connection] in connection?.hasEnded == false
        }
        .assumeIsolated().whenComplete { [weak self] result in
            work?.end()
            self?.client.signed(result, for: request.purpose)
            signature.completeWith(result)
        }
    }

    func connection(_ connection: ConnectionHandler, banner: ByteBuffer) {}

    func connection(_ connection: ConnectionHandler, loginBeginsFor user: String) {
        self.beginning?.loginBegins(connection, for: LoginClaim.account(of: user))
    }

    func connection(_ connection: ConnectionHandler, authenticate request: AuthenticationRequest) {
        guard let beginning = self.beginning else { return }
        beginning.flow.judge(request, on: connection) { [weak self] login, judged in self?.logIn(login, judged) }
    }

    func connection(_ connection: ConnectionHandler, authenticationFailedFor user: String) {
        self.beginning?.authenticationFailed(connection, for: LoginClaim.account(of: user))
    }

    func connectionAuthenticated(_ connection: ConnectionHandler) {
        self.loggedIn?.begin(connection)
    }

    func connection(_ connection: ConnectionHandler, request: GlobalRequest.Request, reply: UInt64?) {
        self.loggedIn?.handle(request, on: connection, reply)
    }

    func connection(_ connection: ConnectionHandler, reply: UInt64, success: ByteBuffer?) {}

    func connection(_ connection: ConnectionHandler, lacksRoom shortage: ChannelShortage) {
        self.loggedIn?.lacksRoom(shortage)
    }

    func connection(_ connection: ConnectionHandler, open channel: ChannelID, _ kind: ChannelOpen.Kind) {
        self.loggedIn?.open(channel, kind, on: connection)
    }

    func connectionEnded(_ connection: ConnectionHandler, _ reason: SSHError) {
        let phase = self.phase
        self.phase = .ended
        switch phase {
        case .beginning(let beginning): beginning.end(reason)
        case .loggedIn(let loggedIn): loggedIn.end(connection, reason)
        case .ended: break
        }
    }
}
