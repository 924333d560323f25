import NIOCore
import SSHProtocol

extension ConnectionHandler: TimedConnection {
    func schedule() {
        guard let context = self.context, let deadline = self.engine.nextDeadline else { return }
        if let current = self.timerDeadline, current <= deadline { return }
        self.stopTimer()
        self.timerDeadline = deadline
        self.timer = ConnectionTimers.of(context.eventLoop).insert(self, at: deadline)
    }

    func stopTimer() {
        guard let timer = self.timer, let eventLoop = self.context?.eventLoop else { return }
        self.timer = nil
        ConnectionTimers.of(eventLoop).remove(timer)
    }

    /// The engine's deadline has come.
    func advance() {
        (self.timer, self.timerDeadline) = (nil, nil)
        guard self.endReason == nil else { return }
        do {
            try self.engine.advance(now: .now())
            self.pump()
        } catch {
            self.fail(error)
        }
    }
}
