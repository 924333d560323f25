import NIOCore

extension Int {
    /// Seconds on a clock that only goes forward.
    static var secondsNow: Int { Int(clamping: NIODeadline.now().uptimeNanoseconds / 1_000_000_000) }
}
