/// Names a channel to the layer above. Our channel numbers are used again; this name is not, so a late call about a
/// channel that is gone finds nothing instead of somebody else's channel.
public struct ChannelID: Hashable, Sendable, CustomStringConvertible {
    /// Our number on the wire (RFC 4254 §5).
    public let number: UInt32
    let serial: UInt64

    public var description: String { "channel \(self.number)" }
}
