import NIOCore
import SSHForwarding
import SSHProtocol

/// A connection that is asked for a sign of life, because another one wants what it listens on.
final class LifeSigns {
    /// How often it is looked whether the peer has said something: traffic itself costs nothing.
    private static let lookInterval = TimeAmount.milliseconds(50)

    private struct Waiter {
        let promise: EventLoopPromise<LifeSign>
        /// Whether the connection still holds what this is about.
        let isHolding: () -> Bool
    }

    private let client: any RoutedClient
    private var question: LifeQuestion?
    private var waiters: [Waiter] = []

    init(of client: any RoutedClient) {
        self.client = client
    }

    /// Tells whether the peer is there.
    ///
    /// Who was asked for somebody else, and has said nothing since, is not asked again: its time runs from the first question.
    func show(_ promise: EventLoopPromise<LifeSign>, while isHolding: @escaping () -> Bool) {
        guard let handler = self.client.handler, !handler.hasEnded else { return promise.succeed(.gone) }
        self.ask()
        self.waiters.append(Waiter(promise: promise, isHolding: isHolding))
        // Otherwise it is looked for already.
        if self.waiters.count == 1 { self.look() }
    }

    /// Asks, unless a question is open.
    func ask() {
        guard let handler = self.client.handler, !handler.hasEnded else { return }
        let now = NIODeadline.now()
        if let question = self.question, question.sign(lastHeard: handler.lastHeard, now: now) != .alive { return }
        self.question = LifeQuestion(asked: now)
        handler.perform { try $0.askForLife() }
    }

    /// What the peer has shown since it was asked; nil if it was not, or may still answer.
    var sign: LifeSign? {
        guard let handler = self.client.handler else { return nil }
        return self.question?.sign(lastHeard: handler.lastHeard, now: .now())
    }

    private func look() {
        guard let eventLoop = self.client.handler?.eventLoop, self.question != nil else { return self.answer(.gone) }
        let letGo = self.waiters.filter { !$0.isHolding() }
        if !letGo.isEmpty {
            self.waiters.removeAll { !$0.isHolding() }
            for waiter in letGo { waiter.promise.succeed(.gone) }
        }
        if let sign = self.sign { return self.answer(sign) }
        guard !self.waiters.isEmpty else { return }
        eventLoop.assumeIsolated().scheduleTask(in: Self.lookInterval) { self.look() }
    }

    /// The connection has ended.
    func end() {
        self.answer(.gone)
    }

    private func answer(_ sign: LifeSign) {
        let waiters = self.waiters
        self.waiters = []
        for waiter in waiters { waiter.promise.succeed(sign) }
    }
}
