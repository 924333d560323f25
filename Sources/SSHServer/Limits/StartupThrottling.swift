/// Says that MaxStartups drops connections, without a line for each of them: a flood must not fill the log.
struct StartupThrottling: Sendable {
    /// Seconds after which a flood that goes on is told again.
    private static let interval = 5 * 60

    private var firstDrop: Int?
    private var lastDrop = 0
    private var count = 0

    /// - Parameters:
    ///   - line: about this one connection.
    ///   - now: seconds on a clock that only goes forward.
    mutating func dropped(_ line: String, now: Int) -> [LogLine] {
        defer {
            self.lastDrop = now
            self.count += 1
        }
        guard let firstDrop = self.firstDrop else {
            self.firstDrop = now
            self.count = 0
            return [.error("beginning MaxStartups throttling"), .info(line)]
        }
        guard now - self.lastDrop > Self.interval else { return [.verbose(line)] }
        let time = Self.text(now - firstDrop)
        return [.error("in MaxStartups throttling for \(time), \(self.count) connections dropped"), .info(line)]
    }

    /// A connection was taken, and so many are counted, itself not: far below the limit the flood is over.
    mutating func taken(after total: Int, start: Int, now: Int) -> [LogLine] {
        guard let firstDrop = self.firstDrop, total < start - 1 else { return [] }
        self.firstDrop = nil
        let time = Self.text(now - firstDrop)
        return [.info("exited MaxStartups throttling after \(time), \(self.count) connections dropped")]
    }

    /// `00:05:01`, with the days in front where there are any.
    private static func text(_ seconds: Int) -> String {
        let (days, hours, minutes) = (seconds / 86400, seconds / 3600 % 24, seconds / 60 % 60)
        let clock = [hours, minutes, seconds % 60].map { $0 < 10 ? "0\($0)" : "\($0)" }
        return days > 0 ? "\(days)d\(clock[0])h\(clock[1])m" : clock.joined(separator: ":")
    }
}
