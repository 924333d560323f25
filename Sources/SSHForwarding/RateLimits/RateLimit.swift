/// How many bytes per second, and how many at once after a silence.
public struct RateLimit: Hashable, Sendable {
    /// A slower limit would be a mistake: a terminal needs more.
    public static let minimum: UInt64 = 1024

    public let bytesPerSecond: UInt64
    public let burst: UInt64

    /// - Parameters:
    ///   - bytesPerSecond: less than `minimum` counts as `minimum`.
    ///   - burst: nil for an eighth of a second's worth.
    public init(bytesPerSecond: UInt64, burst: UInt64? = nil) {
        self.bytesPerSecond = max(bytesPerSecond, Self.minimum)
        self.burst = max(burst ?? self.bytesPerSecond / 8, 1)
    }
}
