public import NIOCore
import SSHWire

/// How long to wait before the next try to connect.
///
/// A server that cannot be reached is tried again about every second at first: that costs it nothing, and it is found as soon as it is
/// back. The longer it has been away the rarer the tries become, in proportion, so that an outage lasts at most a few per cent longer
/// than it must. A server that was reached and did not let us in is left alone for twice as long each time, at random up to that, so
/// that a thousand clients do not come at once ("full jitter").
public struct ReconnectPauses: Sendable {
    /// The shortest time to wait.
    public var shortest = TimeAmount.seconds(1)
    /// The longest time to wait.
    public var longest = TimeAmount.seconds(60)
    /// A connection that stood so long is a success: the next failure is the first again.
    public var steady = TimeAmount.minutes(1)

    /// A server that is away is tried again when about so much of the time since it was last there has passed.
    private static let share: Int64 = 64

    /// A connection that ends sooner did not do much.
    private static let short = TimeAmount.seconds(5)
    /// So many short ones in a row are an accident; more are as good as refusals.
    private static let mostShort = 3

    private var refusals = 0
    private var shortConnections = 0
    private var awaySince: NIODeadline?

    public init() {}

    /// A connection has ended after it was logged in. The next one is tried almost at once.
    ///
    /// - Parameter hint: within which time the server wants us back; it is believed within reason.
    mutating func afterConnection(
        lasting time: TimeAmount,
        hint: ReconnectHint? = nil,
        now: NIODeadline,
        random: inout some RandomNumberGenerator
    ) -> TimeAmount {
        if time >= self.steady { self.refusals = 0 }
        self.shortConnections = time < Self.short ? self.shortConnections + 1 : 0
        guard self.shortConnections <= Self.mostShort else { return self.afterRefusal(random: &random) }
        self.awaySince = now
        let asked = TimeAmount.seconds(Int64(hint?.seconds ?? 0))
        let most = max(self.shortest, min(asked, self.longest))
        return .nanoseconds(Int64.random(in: self.shortest.nanoseconds / 10...most.nanoseconds, using: &random))
    }

    /// The server was not reached.
    mutating func afterNoAnswer(now: NIODeadline, random: inout some RandomNumberGenerator) -> TimeAmount {
        let since = self.awaySince ?? now
        self.awaySince = since
        let away = (now - since).nanoseconds / Self.share
        let most = min(max(away, self.shortest.nanoseconds), self.longest.nanoseconds)
        return .nanoseconds(Int64.random(in: most / 2...most, using: &random))
    }

    /// The server was reached, and did not let us in.
    mutating func afterRefusal(random: inout some RandomNumberGenerator) -> TimeAmount {
        self.awaySince = nil
        self.refusals = min(self.refusals + 1, 32)
        let (doubled, isTooMuch) = self.shortest.nanoseconds.multipliedReportingOverflow(by: 1 << Int64(self.refusals))
        let most = isTooMuch ? self.longest.nanoseconds : min(doubled, self.longest.nanoseconds)
        return .nanoseconds(Int64.random(in: min(self.shortest.nanoseconds, most)...most, using: &random))
    }
}
