import NIOCore
import SSHForwarding
import SSHProtocol
import SSHSystem
import SSHWire

/// What a connection has to let go of: for another client, and by new rules.
extension Listeners {
    func holds(_ place: HeldPlace) -> Bool {
        self.forwards.listeners.contains { $0.place.conflicts(with: place) }
    }

    /// Lets go of the listeners, and of the whole connection: a client that has lost a listener would not notice.
    ///
    /// - Parameter sign: what it has shown; nil if it has not been asked. It is asked then, so that the log tells a stale
    ///   connection from a second device with the same key.
    func yield(_ place: HeldPlace, to successor: PeerName, _ sign: LifeSign?) {
        guard let eventLoop = self.client.handler?.eventLoop, self.holds(place) else { return }
        for listener in self.forwards.listeners where listener.place.line == place.line {
            self.forwards.close(listener)
        }
        let user = self.client.login.user.escapedForLog
        self.log.info("Listener on \(place) of user \(user) \(self.client.peer) is taken over by \(successor)")
        if let sign { return self.endAfterTakeover(by: "\(successor)", sign) }
        let promise = eventLoop.makePromise(of: LifeSign.self)
        promise.futureResult.assumeIsolated().whenSuccess { self.endAfterTakeover(by: "\(successor)", $0) }
        self.lifeSigns.show(promise) { true }
    }

    func endAfterTakeover(by successor: String, _ sign: LifeSign) {
        guard let handler = self.client.handler, !handler.hasEnded else { return }
        let user = self.client.login.user.escapedForLog
        self.client.sourceLog.info(
            """
            Disconnecting user \(user) \(self.client.peer): \(successor) took over its listener; \
            this connection was \(sign == .alive ? "alive" : "stale")
            """
        )
        self.client.end(because: "taken over", "another connection took over the listener")
    }

    /// Closes the listeners that the rules as they are now do not allow.
    func closeForbidden() {
        let policy = self.client.policy
        for listener in self.forwards.listeners {
            let refusal =
                switch listener.place {
                case .name(let name): policy.refusal(of: name, requestedAs: listener.requested.host)
                case .port(let port, let addresses):
                    policy.refusal(
                        ofListenerOn: listener.requested.host,
                        requestedPort: listener.requested.port,
                        port: UInt32(port),
                        addresses: addresses
                    )
                }
            guard let refusal else { continue }
            self.logClosing("host \(listener.requested.host.escapedForLog) port \(listener.port)", refusal)
            self.forwards.close(listener)
        }
        guard let handler = self.client.handler, !self.forwards.paths.isEmpty else { return }
        self.client.withUnixPolicy(handler, orElse: nil) { policy, account in
            for path in self.forwards.paths {
                let decision = policy.mayListen(path: path, for: account)
                guard !decision.isPermitted else { continue }
                self.logClosing("path \(path.escapedForLog)", decision.rule)
                _ = self.forwards.cancel(path: path)
            }
        }
    }

    private func logClosing(_ listener: String, _ rule: Rule) {
        self.client.logger.info(
            "Listener of \(self.client.peer) on \(listener) is closed: it is no longer permitted. [\(rule)]"
        )
    }
}
