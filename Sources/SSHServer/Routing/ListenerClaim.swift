import NIOCore
import SSHCrypto
import SSHForwarding
import SSHSystem

/// A client's request for a port or a name that others may hold: a device that lost its network and comes back finds its old listener in
/// the way. ListenTakeover says who may have it, and whether the connection that holds it is first asked if it is still there.
final class ListenerClaim {
    /// What a request comes to.
    enum Outcome {
        /// Nobody holds it now. The turn ends when the listener stands, or could not.
        case free(ListenerClaims.Turn?)
        /// Somebody keeps it; the log has it. The text is what the client may know of why.
        case held(String)
    }

    private let client: any RoutedClient
    private let place: HeldPlace
    private let isWanted: () -> Bool
    private let completion: (Outcome) -> Void

    /// - Parameter isWanted: whether the client still wants it: nothing is taken from anybody for a client that has gone.
    init(
        by client: any RoutedClient,
        _ place: HeldPlace,
        isWanted: @escaping () -> Bool,
        completion: @escaping (Outcome) -> Void
    ) {
        self.client = client
        self.place = place
        self.isWanted = isWanted
        self.completion = completion
    }

    private var rule: ListenTakeover { self.client.login.grant.settings.listenTakeover }

    /// Waits for its turn, and then for whoever holds it.
    ///
    /// - Parameters:
    ///   - claimant: the client.
    ///   - eventLoop: the client's.
    func begin(for claimant: any ListenerHolder, on eventLoop: any EventLoop) {
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        let before = self.client.routes.claims.claim(self.place.line, for: claimant, on: eventLoop) { turn in
            bound.value.begin(turn)
        }
        guard let before else {
            self.client.requestLog.info("\(self.client.peer): too many wait for a listener on \(self.place)")
            return self.completion(.held("too many wait for it"))
        }
        // Each of them may hold the port next. So one that is gone by then is known to be.
        for other in before where other.connection != self.client.id { other.askForLife() }
    }

    private func begin(_ turn: ListenerClaims.Turn) {
        guard self.isWanted(), let eventLoop = self.client.handler?.eventLoop else {
            return self.leave(turn, Self.nobodyWantsIt)
        }
        // Somebody else may have got it meanwhile.
        if let obstacle = self.obstacle() { return self.leave(turn, obstacle) }
        let holders = self.holders
        guard !holders.isEmpty else { return self.completion(.free(turn)) }
        let rule = self.rule
        guard rule.spares else { return self.evict(holders, nil, turn, on: eventLoop) }
        self.askForLife(of: holders, on: eventLoop) { living in
            guard self.isWanted() else { return self.leave(turn, Self.nobodyWantsIt) }
            if let living {
                self.client.requestLog.info(
                    """
                    \(self.client.peer): cannot listen to \(self.place): user \(living.account.escapedForLog) holds it \
                    with another connection, from \(living.peer), which is alive. [ListenTakeover \(rule.rawValue)]
                    """
                )
                return self.leave(turn, self.told(of: living, isAlive: true))
            }
            // Those that were silent, and nobody who came after them.
            self.evict(holders, .silent, turn, on: eventLoop)
        }
    }

    private static let nobodyWantsIt = "nobody wants it any more"

    private func leave(_ turn: ListenerClaims.Turn, _ reason: String) {
        turn.end()
        self.completion(.held(reason))
    }

    /// What the client may know of who keeps its place: of another account's connections, nothing but that there is one.
    private func told(of holder: any ListenerHolder, isAlive: Bool) -> String {
        let rule = "[ListenTakeover \(self.rule.rawValue)]"
        guard holder.account == self.client.login.user else { return "another connection holds it \(rule)" }
        return "a connection of this account from \(holder.peer) holds it\(isAlive ? ", which is alive" : "") \(rule)"
    }

    private var holders: [any ListenerHolder] {
        self.client.routes.listeners.holders(of: self.place)
    }

    /// Why somebody who listens there would not make way for this client, which the log has too; nil if nobody is in the way.
    func obstacle() -> String? {
        let (rule, login, peer) = (self.rule, self.client.login, self.client.peer)
        for holder in self.holders {
            guard holder.connection != self.client.id else {
                self.client.requestLog.info(
                    "\(peer): cannot listen to \(self.place): this connection holds it already"
                )
                return "this connection holds it already"
            }
            guard rule.permits(account: login.user, key: login.claim.key.blob, toHaveWhat: (holder.account, holder.key))
            else {
                self.client.requestLog.info(
                    """
                    \(peer): cannot listen to \(self.place): user \(holder.account.escapedForLog) holds it \
                    with another connection. [ListenTakeover \(rule.rawValue)]
                    """
                )
                return self.told(of: holder, isAlive: false)
            }
        }
        return nil
    }

    /// - Parameter completion: gets one that is alive; nil if there is none.
    private func askForLife(
        of holders: [any ListenerHolder],
        on eventLoop: any EventLoop,
        completion: @escaping ((any ListenerHolder)?) -> Void
    ) {
        let signs = holders.map { holder in
            self.client.logger.debug(
                "\(self.client.peer): asking \(holder.peer), which holds \(self.place), for a sign of life"
            )
            let promise = eventLoop.makePromise(of: LifeSign.self)
            holder.showLife(promise, at: self.place)
            return promise.futureResult
        }
        EventLoopFuture.whenAllSucceed(signs, on: eventLoop).assumeIsolated().whenSuccess { signs in
            completion(zip(holders, signs).first { $0.1 == .alive }?.0)
        }
    }

    private func evict(
        _ holders: [any ListenerHolder],
        _ sign: LifeSign?,
        _ turn: ListenerClaims.Turn,
        on eventLoop: any EventLoop
    ) {
        let freed = holders.map { $0.yield(self.place, to: self.client.peer, sign) }
        EventLoopFuture.andAllComplete(freed, on: eventLoop).assumeIsolated().whenComplete { _ in
            self.completion(.free(turn))
        }
    }
}
