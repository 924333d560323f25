import NIOCore

/// How long the way to the peer and back is: the least time that it took to answer the opening of a channel, or a keepalive.
///
/// A channel is opened before its data is under way, so its answer waits for nothing but the peer. Only a connection that
/// receives data asks by itself, and the answer may have to wait behind that data: so the least time counts.
struct RoundTrip {
    /// Data between two questions: few bytes are no reason to ask.
    private static let bytesBetween = 64 * 1024
    /// The first questions follow each other; later ones wait.
    private static let eagerAnswers = 4
    private static let patience = TimeAmount.seconds(1)

    /// Nil until the peer has answered.
    private(set) var least: TimeAmount?
    private var bytes = 0
    private var answers = 0
    private var lastAsked: NIODeadline?
    private var isAwaited = false
    /// A channel that we have opened or confirmed, and when that left.
    private var opening: (channel: ChannelID, sent: NIODeadline?)?

    /// We open or confirm a channel: the first word from there is an answer.
    mutating func opens(_ channel: ChannelID, lastReceived: NIODeadline) {
        // One at a time; a peer that keeps silent on a channel is no reason to forget the others.
        if let sent = self.opening?.sent, lastReceived < sent + Self.patience { return }
        self.opening = (channel, nil)
    }

    mutating func outputLeaves(now: NIODeadline) {
        if self.opening != nil, self.opening?.sent == nil { self.opening?.sent = now }
    }

    mutating func hears(of channel: ChannelID, now: NIODeadline) {
        guard let opening = self.opening, opening.channel == channel else { return }
        self.opening = nil
        if let sent = opening.sent { self.note(sent, now) }
    }

    /// So much has been delivered.
    ///
    /// - Returns: whether the peer is to be asked now; the answer goes to `answered`.
    mutating func asks(delivered count: Int, now: NIODeadline) -> Bool {
        // A peer that does not answer is not asked again.
        guard !self.isAwaited else { return false }
        self.bytes = min(self.bytes + min(max(count, 0), Self.bytesBetween), Self.bytesBetween)
        guard self.bytes == Self.bytesBetween else { return false }
        if self.answers >= Self.eagerAnswers, let lastAsked = self.lastAsked, now - lastAsked < Self.patience {
            return false
        }
        self.bytes = 0
        self.isAwaited = true
        self.lastAsked = now
        return true
    }

    mutating func answered(now: NIODeadline) {
        guard self.isAwaited, let asked = self.lastAsked else { return }
        self.isAwaited = false
        self.answers = min(self.answers + 1, Self.eagerAnswers)
        self.note(asked, now)
    }

    private mutating func note(_ start: NIODeadline, _ end: NIODeadline) {
        let time = end > start ? end - start : .nanoseconds(0)
        self.least = min(self.least ?? time, time)
    }
}
