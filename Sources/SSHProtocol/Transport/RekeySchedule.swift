import NIOCore
import SSHWire

/// When keys are renewed, and how long and how often that may take.
struct RekeySchedule {
    /// Key exchanges that have ended.
    private(set) var count = 0

    var limit: RekeyLimit
    private let timeLimit: TimeAmount
    private let idleStartLimit: Int
    private var lastEnd: NIODeadline
    private var began: NIODeadline?
    private var idleStarts = 0

    init(limit: RekeyLimit, limits: EngineLimits, now: NIODeadline) {
        self.limit = limit
        self.timeLimit = limits.keyExchangeTime
        self.idleStartLimit = limits.idleKeyExchanges
        self.lastEnd = now
    }

    mutating func begin(now: NIODeadline) {
        self.began = now
    }

    mutating func end(now: NIODeadline) {
        self.began = nil
        self.lastEnd = now
        self.count += 1
    }

    func isDue(bytes: UInt64, packets: UInt64, now: NIODeadline) -> Bool {
        if bytes >= self.limit.bytes || packets >= self.limit.packets { return true }
        guard let time = self.limit.time else { return false }
        return now >= self.lastEnd + time
    }

    var nextDeadline: NIODeadline? {
        if let began { return began + self.timeLimit }
        return self.limit.time.map { self.lastEnd + $0 }
    }

    /// - Throws: `timedOut` when the exchange under way takes too long.
    func checkTime(now: NIODeadline) throws {
        guard let began, now >= began + self.timeLimit else { return }
        throw SSHError(.timedOut, "the peer began a key exchange and did not finish it in time")
    }

    /// A key exchange costs us far more than it costs the peer: one that keeps asking without moving data is refused.
    mutating func countPeerStart(bytesMoved: UInt64, now: NIODeadline) throws {
        guard bytesMoved < 64 * 1024, now < self.lastEnd + .seconds(10) else { return self.idleStarts = 0 }
        self.idleStarts += 1
        guard self.idleStarts <= self.idleStartLimit else {
            throw SSHError(.limitExceeded, "the peer starts key exchanges in a loop")
        }
    }
}
