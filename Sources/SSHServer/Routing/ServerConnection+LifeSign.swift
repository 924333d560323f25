import NIOCore
import SSHForwarding
import SSHProtocol

/// A connection that is asked for a sign of life, because another one wants what it listens on.
extension ServerConnection {
    /// How often it is looked whether the peer has said something: traffic itself costs nothing.
    private static let lookInterval = TimeAmount.milliseconds(50)

    struct LifeWaiter {
        let promise: EventLoopPromise<LifeSign>
        /// Whether the connection still holds what this is about.
        let isHolding: @Sendable (ServerConnection) -> Bool
    }

    /// Tells another connection, on whatever event loop, whether this one's peer is there.
    ///
    /// Who was asked for somebody else, and has said nothing since, is not asked again: its time runs from the first question.
    func showLife(
        _ promise: EventLoopPromise<LifeSign>,
        while isHolding: @escaping @Sendable (ServerConnection) -> Bool
    ) {
        guard let handler = self.handler, !handler.hasEnded else { return promise.succeed(.gone) }
        self.askForLife()
        self.lifeWaiters.append(LifeWaiter(promise: promise, isHolding: isHolding))
        // Otherwise it is looked for already.
        if self.lifeWaiters.count == 1 { self.lookForLife() }
    }

    /// Asks, unless a question is open.
    func askForLife() {
        guard let handler = self.handler, !handler.hasEnded else { return }
        let now = NIODeadline.now()
        if let question = self.lifeQuestion, question.sign(lastHeard: handler.lastHeard, now: now) != .alive { return }
        self.lifeQuestion = LifeQuestion(asked: now)
        handler.perform { try $0.askForLife() }
    }

    private func lookForLife() {
        guard let handler = self.handler, let eventLoop = handler.eventLoop, let question = self.lifeQuestion else {
            return self.answerLifeWaiters(.gone)
        }
        let letGo = self.lifeWaiters.filter { !$0.isHolding(self) }
        if !letGo.isEmpty {
            self.lifeWaiters.removeAll { !$0.isHolding(self) }
            for waiter in letGo { waiter.promise.succeed(.gone) }
        }
        if let sign = question.sign(lastHeard: handler.lastHeard, now: .now()) {
            return self.answerLifeWaiters(sign)
        }
        guard !self.lifeWaiters.isEmpty else { return }
        eventLoop.assumeIsolated().scheduleTask(in: Self.lookInterval) { self.lookForLife() }
    }

    // MARK: The connection that waits

    /// While a request of this connection waits for another's sign of life, so do the answers to its own keepalives (RFC 4254 §4):
    /// it hears from us that we are there.
    func sayThatWeLiveWhileWaiting() {
        if self.claimCount > 0, self.lifeTimer == nil { self.sayThatWeLive() }
    }

    func endWaiting() {
        self.claimCount -= 1
        guard self.claimCount == 0 else { return }
        self.lifeTimer?.cancel()
        self.lifeTimer = nil
    }

    private func sayThatWeLive() {
        guard let eventLoop = self.handler?.eventLoop else { return }
        self.lifeTimer = eventLoop.assumeIsolated().scheduleTask(in: .seconds(1)) {
            self.handler?.perform { try $0.askForLife() }
            self.sayThatWeLive()
        }
    }

    func answerLifeWaiters(_ sign: LifeSign) {
        let waiters = self.lifeWaiters
        self.lifeWaiters = []
        for waiter in waiters { waiter.promise.succeed(sign) }
    }
}
