import SSHClient
import SSHForwarding

/// How many lines others may cause: a server, or whoever calls a forward. Both can make more of them than anybody can read.
///
/// What `-v` shows has a budget of its own, so that it takes nothing from errors and warnings.
struct PeerLines: Sendable {
    enum Verdict: Equatable {
        case write
        /// - Parameter isFirst: since `takeOmitted` was called last.
        case omit(isFirst: Bool)
    }

    /// Seconds after which omitted lines are told of.
    static let reportSeconds = 10

    private var important: LineBudget
    private var details: LineBudget
    private var hasOmitted = false

    /// - Parameter now: seconds on a clock that only goes forward, here and below.
    init(now: Int) {
        self.important = LineBudget(now: now)
        self.details = LineBudget(now: now)
    }

    mutating func take(_ level: ClientLogLevel, now: Int) -> Verdict {
        let mayBeWritten = level <= .info ? self.important.take(now: now) : self.details.take(now: now)
        guard !mayBeWritten else { return .write }
        defer { self.hasOmitted = true }
        return .omit(isFirst: !self.hasOmitted)
    }

    /// What there is to say of the lines that were left out.
    mutating func takeOmitted() -> [(level: ClientLogLevel, text: String)] {
        self.hasOmitted = false
        return [(ClientLogLevel.error, self.important.takeOmitted()), (.debug1, self.details.takeOmitted())]
            .filter { $0.1 > 0 }
            .map { ($0.0, "\($0.1) further lines like these were left out") }
    }
}
