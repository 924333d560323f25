import NIOCore
import SSHCrypto
import SSHForwarding
import SSHProtocol
import SSHWire

/// A device that lost its network and comes back finds its old listener in the way. ListenTakeover says who may have it.
extension ServerConnection {
    /// The old connection is asked for a sign of life before it is closed, so that the log tells a stale connection from a
    /// second device with the same key.
    struct Probe {
        let request: UInt64
        let successor: PeerName
        let timer: Scheduled<Void>
    }

    /// How long an old connection may take to answer.
    private static let probeTime = TimeAmount.seconds(2)

    var holder: ListenerRegistry.Holder? {
        guard let login = self.login, let eventLoop = self.handler?.eventLoop else { return nil }
        return ListenerRegistry.Holder(
            connection: self.id,
            account: login.user,
            key: login.claim.key.blob,
            reference: NIOLoopBound(self, eventLoop: eventLoop)
        )
    }

    /// Frees the addresses and the port of listeners that this connection may have.
    ///
    /// - Parameter completion: gets false if somebody holds one who keeps it.
    func takeOver(_ addresses: [String], port: UInt16, completion: @escaping (_ isFree: Bool) -> Void) {
        let holders = port == 0 ? [] : self.context.listeners.holders(of: addresses, port: port)
        guard !holders.isEmpty else { return completion(true) }
        guard let login = self.login, let eventLoop = self.handler?.eventLoop else { return completion(false) }
        let rule = login.grant.settings.listenTakeover
        for holder in holders where !rule.permits(holder, self.id, login) {
            self.requestLog.info(
                """
                \(self.peer): cannot listen to port \(port): user \(holder.account.escapedForLog) holds it \
                with another connection. [ListenTakeover \(rule.rawValue)]
                """
            )
            return completion(false)
        }
        let peer = self.peer
        let freed = holders.map { holder in
            holder.reference.eventLoop.submit { holder.reference.value.yield(addresses, port: port, to: peer) }
        }
        EventLoopFuture.andAllComplete(freed, on: eventLoop).assumeIsolated().whenComplete { _ in completion(true) }
    }

    /// Lets go of the listeners, and of the whole connection as soon as it has answered or failed to.
    private func yield(_ addresses: [String], port: UInt16, to successor: PeerName) {
        guard let handler = self.handler, let login = self.login, let eventLoop = handler.eventLoop else { return }
        for listener in self.forwards.listeners where listener.port == port { self.forwards.close(listener) }
        self.logger.info(
            """
            Listener on port \(port) of user \(login.user.escapedForLog) \(self.peer) is taken over by \(successor)
            """
        )
        guard self.probe == nil else { return }
        let question = GlobalRequest.Request.other(name: GlobalRequest.keepalive, data: ByteBuffer())
        guard case .some(.some(let request)) = handler.perform({ try $0.sendGlobalRequest(question, wantReply: true) })
        else { return }
        let timer = eventLoop.assumeIsolated().scheduleTask(in: Self.probeTime) { self.endAfterTakeover("stale") }
        self.probe = Probe(request: request, successor: successor, timer: timer)
    }

    func probeAnswered(_ reply: UInt64) {
        guard self.probe?.request == reply else { return }
        self.endAfterTakeover("alive")
    }

    private func endAfterTakeover(_ state: String) {
        guard let probe = self.probe, let login = self.login, let handler = self.handler else { return }
        probe.timer.cancel()
        self.probe = nil
        self.logger.info(
            """
            Disconnecting user \(login.user.escapedForLog) \(self.peer): \(probe.successor) took over its listener; \
            this connection was \(state)
            """
        )
        self.endReason = "taken over"
        handler.disconnect(.byApplication, "another connection took over the listener")
    }
}

extension ListenTakeover {
    fileprivate func permits(
        _ holder: ListenerRegistry.Holder,
        _ connection: UInt64,
        _ login: ServerConnection.Login
    ) -> Bool {
        guard holder.connection != connection, holder.account.hasSameBytes(as: login.user) else { return false }
        return switch self {
        case .no: false
        case .sameKey: holder.key == login.claim.key.blob
        case .sameAccount: true
        }
    }
}
