import NIOCore
import SSHCrypto
import SSHForwarding
import SSHProtocol
import SSHSystem
import SSHWire

/// A device that lost its network and comes back finds its old listener in the way. ListenTakeover says who may have it, and
/// whether the connection that holds it is first asked if it is still there.
extension ServerConnection {
    var holder: ListenerRegistry.Holder? {
        guard let login = self.login, let eventLoop = self.handler?.eventLoop else { return nil }
        return ListenerRegistry.Holder(
            connection: self.id,
            account: login.user,
            key: login.claim.key.blob,
            peer: self.peer,
            reference: NIOLoopBound(self, eventLoop: eventLoop)
        )
    }

    /// What a request for a port comes to.
    enum Claimed {
        /// Nobody holds it now. The turn ends when the port is bound, or could not be.
        case free(ListenerClaims.Turn?)
        /// Somebody keeps it; the log has it.
        case held
    }

    /// Frees the addresses and the port of listeners that this connection may have.
    ///
    /// - Parameter isWanted: whether the client still wants it: nothing is taken from anybody for a client that has gone.
    func takeOver(
        _ addresses: [String],
        port: UInt16,
        isWanted: @escaping () -> Bool,
        completion: @escaping (Claimed) -> Void
    ) {
        // Another port than everybody else's.
        guard port != 0 else { return completion(.free(nil)) }
        guard let claimant = self.holder, self.mayHave(addresses, port: port) else { return completion(.held) }
        self.claimCount += 1
        let completion: (Claimed) -> Void = { claimed in
            self.endWaiting()
            completion(claimed)
        }
        let bound = NIOLoopBound((isWanted, completion), eventLoop: claimant.reference.eventLoop)
        let before = self.context.listenerClaims.claim(port, for: claimant) { turn in
            claimant.reference.value.beginTurn(turn, addresses, port, bound.value.0, bound.value.1)
        }
        guard let before else {
            self.requestLog.info("\(self.peer): too many wait for a listener on port \(port)")
            return completion(.held)
        }
        self.sayThatWeLiveWhileWaiting()
        // Each of them may hold the port next. So one that is gone by then is known to be.
        for other in before where other.connection != self.id {
            other.reference.eventLoop.execute { other.reference.value.askForLife() }
        }
    }

    private func beginTurn(
        _ turn: ListenerClaims.Turn,
        _ addresses: [String],
        _ port: UInt16,
        _ isWanted: @escaping () -> Bool,
        _ completion: @escaping (Claimed) -> Void
    ) {
        let keep = {
            turn.end()
            completion(.held)
        }
        // Somebody else may have got it meanwhile.
        guard isWanted(), self.mayHave(addresses, port: port), let login = self.login,
            let eventLoop = self.handler?.eventLoop
        else { return keep() }
        let holders = self.context.listeners.holders(of: addresses, port: port)
        let rule = login.grant.settings.listenTakeover
        guard !holders.isEmpty else { return completion(.free(turn)) }
        guard rule.spares else { return self.evict(holders, addresses, port, nil) { completion(.free(turn)) } }
        self.askForLife(of: holders, addresses, port, on: eventLoop) { living in
            guard isWanted() else { return keep() }
            if let living {
                self.requestLog.info(
                    """
                    \(self.peer): cannot listen to port \(port): user \(living.account.escapedForLog) holds it with \
                    another connection, from \(living.peer), which is alive. [ListenTakeover \(rule.rawValue)]
                    """
                )
                return keep()
            }
            // Those that were silent, and nobody who came after them.
            self.evict(holders, addresses, port, .silent) { completion(.free(turn)) }
        }
    }

    /// Whether everybody who listens there would have to make way for this connection.
    private func mayHave(_ addresses: [String], port: UInt16) -> Bool {
        guard let login = self.login else { return false }
        let rule = login.grant.settings.listenTakeover
        for holder in self.context.listeners.holders(of: addresses, port: port) {
            guard holder.connection != self.id else {
                self.requestLog.info("\(self.peer): cannot listen to port \(port): this connection holds it already")
                return false
            }
            guard rule.permits(account: login.user, key: login.claim.key.blob, toHaveWhat: (holder.account, holder.key))
            else {
                self.requestLog.info(
                    """
                    \(self.peer): cannot listen to port \(port): user \(holder.account.escapedForLog) holds it \
                    with another connection. [ListenTakeover \(rule.rawValue)]
                    """
                )
                return false
            }
        }
        return true
    }

    /// - Parameter completion: gets one that is alive; nil if there is none.
    private func askForLife(
        of holders: [ListenerRegistry.Holder],
        _ addresses: [String],
        _ port: UInt16,
        on eventLoop: any EventLoop,
        completion: @escaping (ListenerRegistry.Holder?) -> Void
    ) {
        let signs = holders.map { holder in
            self.logger.debug("\(self.peer): asking \(holder.peer), which holds port \(port), for a sign of life")
            let promise = eventLoop.makePromise(of: LifeSign.self)
            holder.reference.eventLoop.execute {
                holder.reference.value.showLife(promise) { $0.listens(addresses, port: port) }
            }
            return promise.futureResult
        }
        EventLoopFuture.whenAllSucceed(signs, on: eventLoop).assumeIsolated().whenSuccess { signs in
            completion(zip(holders, signs).first { $0.1 == .alive }?.0)
        }
    }

    private func listens(_ addresses: [String], port: UInt16) -> Bool {
        self.forwards.listeners.contains { listener in
            listener.port == port && listener.addresses.contains { ListenerRegistry.conflicts($0, with: addresses) }
        }
    }

    private func evict(
        _ holders: [ListenerRegistry.Holder],
        _ addresses: [String],
        _ port: UInt16,
        _ sign: LifeSign?,
        completion: @escaping () -> Void
    ) {
        guard let eventLoop = self.handler?.eventLoop else { return completion() }
        let peer = self.peer
        let freed = holders.map { holder in
            holder.reference.eventLoop.submit { holder.reference.value.yield(addresses, port: port, to: peer, sign) }
        }
        EventLoopFuture.andAllComplete(freed, on: eventLoop).assumeIsolated().whenComplete { _ in completion() }
    }

    /// Lets go of the listeners, and of the whole connection: a client that has lost a listener would not notice.
    ///
    /// - Parameter sign: what it has shown; nil if it has not been asked. It is asked then, so that the log tells a stale
    ///   connection from a second device with the same key.
    private func yield(_ addresses: [String], port: UInt16, to successor: PeerName, _ sign: LifeSign?) {
        guard self.handler != nil, let login = self.login, let eventLoop = self.handler?.eventLoop,
            self.listens(addresses, port: port)
        else { return }
        for listener in self.forwards.listeners where listener.port == port { self.forwards.close(listener) }
        self.requestLog.info(
            """
            Listener on port \(port) of user \(login.user.escapedForLog) \(self.peer) is taken over by \(successor)
            """
        )
        if let sign { return self.endAfterTakeover(by: "\(successor)", sign) }
        let promise = eventLoop.makePromise(of: LifeSign.self)
        promise.futureResult.assumeIsolated().whenSuccess { self.endAfterTakeover(by: "\(successor)", $0) }
        self.showLife(promise) { _ in true }
    }

    func endAfterTakeover(by successor: String, _ sign: LifeSign) {
        guard let login = self.login, let handler = self.handler, !handler.hasEnded else { return }
        self.sourceLog.info(
            """
            Disconnecting user \(login.user.escapedForLog) \(self.peer): \(successor) took over its listener; \
            this connection was \(sign == .alive ? "alive" : "stale")
            """
        )
        self.endReason = "taken over"
        handler.disconnect(.byApplication, "another connection took over the listener")
    }
}
