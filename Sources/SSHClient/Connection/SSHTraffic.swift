/// How many bytes went over a connection's socket, with all that the protocol adds.
public struct SSHTraffic: Hashable, Sendable {
    public var sent: UInt64
    public var received: UInt64

    public init(sent: UInt64 = 0, received: UInt64 = 0) {
        self.sent = sent
        self.received = received
    }

    /// No machine counts as far as 64 bits go; who passes numbers of their own gets the remainder, and no trap.
    public static func + (one: SSHTraffic, other: SSHTraffic) -> SSHTraffic {
        SSHTraffic(sent: one.sent &+ other.sent, received: one.received &+ other.received)
    }
}
