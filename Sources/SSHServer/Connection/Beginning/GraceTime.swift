import NIOCore
import SSHForwarding

/// LoginGraceTime, and how much of it the client does not have to spend on waiting for us.
struct GraceTime {
    /// When it ends; nil for never.
    private(set) var end: NIODeadline?
    /// So much more of it there is at most.
    private var extra: TimeAmount

    init(_ time: Duration?, now: NIODeadline) {
        let time = time.map { TimeAmount($0) }
        self.end = time.map { now + $0 }
        self.extra = time ?? .zero
    }

    /// The client has been waiting for us.
    mutating func extend(since: NIODeadline, now: NIODeadline) {
        guard let end = self.end else { return }
        let extra = min(max(now - since, .zero), self.extra)
        self.end = end + extra
        self.extra = self.extra - extra
    }
}
