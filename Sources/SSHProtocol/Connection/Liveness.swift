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

    init(_ keepalive: Keepalive, now: NIODeadline) {
        self.keepalive = keepalive
        self.lastHeard = now
    }

    var nextDeadline: NIODeadline? {
        self.keepalive.interval.map { (self.lastAsked ?? self.lastHeard) + $0 }
    }

    /// Any data at all is a sign of life.
    mutating func heard(now: NIODeadline) {
        self.lastHeard = now
        self.lastAsked = nil
        self.unanswered = 0
    }

    /// - Returns: whether the peer is to be asked now.
    /// - Throws: `timedOut` when it did not answer often enough.
    mutating func advance(now: NIODeadline) throws -> Bool {
        guard let interval = self.keepalive.interval, let deadline = self.nextDeadline else { return false }
        // The answer came a little after the question. Asked so much early, the next question needs one timer and not two.
        guard now + .nanoseconds(interval.nanoseconds / Self.early) >= deadline else { return false }
        if let maximum = self.keepalive.countMaximum {
            guard self.unanswered < maximum else { throw SSHError(.timedOut, "the peer does not respond") }
            self.unanswered += 1
        }
        self.lastAsked = now
        return true
    }
}
