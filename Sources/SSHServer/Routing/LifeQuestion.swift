import NIOCore

/// What a connection shows when it is asked for a sign of life.
enum LifeSign: String, Sendable {
    case alive
    /// Nothing came from it for as long as it may take.
    case silent
    /// It has ended, or does not hold any more what it was asked about.
    case gone
}

/// A question for a sign of life, and what the peer has said since.
struct LifeQuestion {
    /// How long a peer may take. Any byte is an answer.
    static let patience = TimeAmount.seconds(3)

    let asked: NIODeadline

    /// - Parameter lastHeard: when bytes last came from the peer.
    /// - Returns: nil while it may still answer.
    func sign(lastHeard: NIODeadline, now: NIODeadline) -> LifeSign? {
        if lastHeard > self.asked { return .alive }
        return now >= self.asked + Self.patience ? .silent : nil
    }
}
