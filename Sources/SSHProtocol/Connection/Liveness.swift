import NIOCore
import SSHWire

/// Decides when a silent peer is asked for a sign of life, and when it counts as gone.
struct Liveness {
    /// The part of the interval by which a question may come early.
    private static let early: Int64 = 64

    private let keepalive: Keepalive
    private var lastHeard: NIODeadline
    /// When the peer was last asked; nil when it has been heard since.
    private var lastAsked: NIODeadline?
    private var unanswered = 0
    private var answerTime = AnswerTime()
    /// When the question left whose answer is measured.
    private var measured: NIODeadline?

    init(_ keepalive: Keepalive, now: NIODeadline) {
        self.keepalive = keepalive
        self.lastHeard = now
    }

    var nextDeadline: NIODeadline? {
        guard let interval = self.keepalive.interval else { return nil }
        guard let asked = self.lastAsked else { return self.lastHeard + interval }
        return asked + (self.keepalive.answerTime.map(self.answerTime.patience) ?? interval)
    }

    /// Any data at all is a sign of life.
    mutating func heard(now: NIODeadline) {
        self.lastHeard = now
        self.lastAsked = nil
        self.unanswered = 0
    }

    /// The peer has answered a question.
    mutating func answered(now: NIODeadline) {
        guard let measured = self.measured else { return }
        self.measured = nil
        self.answerTime.note(now - measured)
    }

    /// - Returns: whether the peer is to be asked now.
    /// - Throws: `timedOut` when it did not answer often enough, or in time.
    mutating func advance(now: NIODeadline) throws -> Bool {
        guard let interval = self.keepalive.interval, let deadline = self.nextDeadline else { return false }
        if self.keepalive.answerTime != nil, self.lastAsked != nil {
            guard now < deadline else { throw SSHError(.timedOut, "the peer does not respond") }
            return false
        }
        // The answer came a little after the question. Asked so much early, the next question needs one timer and not two.
        guard now + .nanoseconds(interval.nanoseconds / Self.early) >= deadline else { return false }
        if let maximum = self.keepalive.countMaximum, self.keepalive.answerTime == nil {
            guard self.unanswered < maximum else { throw SSHError(.timedOut, "the peer does not respond") }
            self.unanswered += 1
        }
        self.lastAsked = now
        return true
    }

    /// The question is on its way.
    mutating func asked(now: NIODeadline) {
        if self.measured == nil { self.measured = now }
    }
}
