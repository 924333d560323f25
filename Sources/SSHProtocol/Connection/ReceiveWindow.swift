import NIOCore
import SSHWire

/// How much the peer may still send on a channel (RFC 4254 §5.2).
///
/// Credit goes back when the bytes have reached their sink, so the window bounds what one channel can make us hold.
///
/// A window is a promise of memory. It starts small. Once the sink has taken twice as much, it becomes an ordinary one. Beyond
/// that it grows when a round trip's worth of data fills it while the sink keeps up. A short way grows it too, if so much comes
/// that the programs on it would run dry while others have the processor. All growth comes out of the connection's share of
/// the memory budget; when that is short, windows that are hardly used become small again.
struct ReceiveWindow {
    /// On a shorter way what is queued delays a conversation more than the way does.
    static let shortestWay = TimeAmount.milliseconds(4)
    /// The least time in which deliveries are counted.
    private static let shortestRound = TimeAmount.milliseconds(4)
    /// However short the way is, so long may programs that share a processor wait for their turn with it.
    private static let turn = TimeAmount.milliseconds(2)
    /// Who typed a moment ago may type again: so long after a conversation no more than an ordinary window is under way nearby.
    private static let quiet = TimeAmount.seconds(5)
    /// What bulk may have under way at least, beside a conversation on the same connection that it would delay.
    private static let yielding: UInt32 = 256 * 1024

    /// What a channel begins with, whatever its sink.
    let initial: UInt32
    /// What a sink gets that takes what comes.
    private let ordinary: UInt32
    private let largest: UInt32
    /// Whether a peer is the faster the more it may have under way, even if it is near.
    private let growsNearby: Bool
    /// What may be on its way to us and undelivered, together.
    private(set) var size: UInt32
    /// What the peer may send before the next WINDOW_ADJUST.
    private(set) var available: UInt32
    /// Received and not delivered yet.
    private(set) var undelivered: UInt32 = 0
    /// What the sink has taken of a window that is smaller than an ordinary one.
    private var proof: UInt32 = 0
    private var round: Round?
    /// When it last made way for a conversation.
    private var lastYield: NIODeadline?
    /// What the last round says that a round trip brings.
    private var perRoundTrip: UInt32 = 0

    /// About a round trip, in which deliveries are counted.
    private struct Round {
        let start: NIODeadline
        var delivered: UInt64 = 0
        /// What the sink had left when it had least.
        var leastUndelivered = UInt32.max
    }

    init(size: UInt32, ordinary: UInt32 = 0, largest: UInt32 = 0, growsNearby: Bool = true) {
        self.initial = size
        self.ordinary = max(size, ordinary)
        self.largest = max(self.ordinary, largest)
        self.growsNearby = growsNearby
        self.size = size
        self.available = size
    }

    /// What it has taken of the share since it began.
    var taken: Int { Int(self.size - self.initial) }

    mutating func receive(_ count: Int) throws {
        guard let count = UInt32(exactly: count), count <= self.available else {
            throw SSHError.protocolViolation("the peer sent more data than the window allows")
        }
        self.available -= count
        self.undelivered += count  // available and undelivered never add up to more than the largest size.
    }

    /// - Parameters:
    ///   - roundTrip: how far away the peer is, if that is known.
    ///   - yields: whether data of another channel would have to wait behind what this one has under way.
    /// - Returns: the credit to give back now, if it is worth a message.
    mutating func deliver(
        _ count: Int,
        now: NIODeadline,
        roundTrip: TimeAmount?,
        yields: Bool = false,
        share: ResourceShare
    ) -> UInt32? {
        let count = min(UInt32(clamping: count), self.undelivered)
        self.undelivered -= count
        if yields { self.lastYield = now }
        if self.size < self.ordinary { self.prove(count, share) }
        if let roundTrip { self.resize(delivered: count, now: now, roundTrip: roundTrip, share: share) }
        // A window that has shrunk gives nothing back before the peer has used up what it was granted.
        let outstanding = self.available + self.undelivered
        let size = yields ? min(self.size, max(Self.yielding, 2 * min(self.perRoundTrip, self.size / 2))) : self.size
        guard outstanding < size else { return nil }
        let credit = size - outstanding
        // Half a window: seldom enough to cost nothing, early enough that the peer does not run dry. A large one, and one
        // that yields, open in smaller steps.
        guard credit >= (yields ? size / 4 : max(min(self.size, self.ordinary) / 2, self.size / 8)) else { return nil }
        self.available += credit
        return credit
    }

    /// The sink takes what comes: that is worth an ordinary window, or what the share has left for it.
    private mutating func prove(_ delivered: UInt32, _ share: ResourceShare) {
        self.proof = UInt32(clamping: UInt64(self.proof) + UInt64(delivered))
        // Credit comes back by halves, so a sink that lags has at least a half before it.
        guard self.proof / 2 >= self.initial, self.undelivered <= self.size / 4 else { return }
        self.proof = 0
        self.size += UInt32(clamping: share.take(Int(self.ordinary - self.size), for: .growth))
    }

    private mutating func resize(delivered count: UInt32, now: NIODeadline, roundTrip: TimeAmount, share: ResourceShare)
    {
        guard var round = self.round, now >= round.start else { return self.round = Round(start: now) }
        round.delivered += UInt64(count)
        round.leastUndelivered = min(round.leastUndelivered, self.undelivered)
        self.round = round
        let elapsed = (now - round.start).nanoseconds / 1_000
        let distance = min(roundTrip, .seconds(10)).nanoseconds / 1_000
        guard elapsed > 0, elapsed >= distance, elapsed >= Self.shortestRound.nanoseconds / 1_000 else { return }
        self.round = Round(start: now)
        let delivered = min(round.delivered, UInt64(UInt32.max))
        self.perRoundTrip = UInt32(clamping: delivered * UInt64(distance) / UInt64(elapsed))
        let growsNearby = self.growsNearby && self.lastYield.map { now - $0 >= Self.quiet } ?? true
        let turn = growsNearby ? max(distance, Self.turn.nanoseconds / 1_000) : distance
        let perTurn = delivered * UInt64(turn) / UInt64(elapsed)
        // With four times what a round trip brings, neither a late credit nor a burst makes the peer wait.
        let keepsUp = round.leastUndelivered <= min(self.size, self.ordinary) / 4
        let mayGrow = growsNearby || roundTrip >= Self.shortestWay
        if keepsUp, mayGrow, perTurn >= UInt64(self.size) / 4 {
            self.grow(share)
        } else if round.leastUndelivered > self.size / 2 || perTurn < UInt64(self.size) / 16 {
            self.shrink(share)
        }
    }

    private mutating func grow(_ share: ResourceShare) {
        let more = min(self.size, self.largest - self.size)
        guard more > 0 else { return }
        self.size += UInt32(clamping: share.take(Int(more), for: .growth))
    }

    private mutating func shrink(_ share: ResourceShare) {
        // An ordinary window saves round trips when more comes, for as long as memory is not short.
        let least = share.room(for: .growth) > 0 ? self.ordinary : self.initial
        guard self.size > least else { return }
        let smaller = max(self.size / 2, least)
        // What the peer was granted stays granted, and counts until it has been used.
        let kept = max(smaller, min(self.available + self.undelivered, self.size))
        share.giveBack(Int(self.size - kept))
        self.size = kept
    }
}
