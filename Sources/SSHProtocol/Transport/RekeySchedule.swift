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
    /// What had moved one way when the peer last began; nil when it never has.
    private var peerVolume: UInt64?

    /// After so much other peers begin by themselves, in bytes: paramiko; OpenSSH, Go, PuTTY and asyncssh.
    private static let usualVolumes: (UInt64, UInt64) = (512 * 1024 * 1024, 1024 * 1024 * 1024)
    /// What may move while a question is answered: the largest window.
    private let nearBytes: UInt64
    private static let nearPackets: UInt64 = 64 * 1024
    private static let nearTime = TimeAmount.seconds(10)

    init(limit: RekeyLimit, limits: EngineLimits, now: NIODeadline) {
        self.limit = limit
        self.timeLimit = limits.keyExchangeTime
        self.idleStartLimit = limits.idleKeyExchanges
        self.nearBytes = UInt64(limits.largestChannelWindow)
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

    /// Whether either side is about to begin, as far as can be known: we by our limits, the peer by what it did before.
    func isNear(bytes: UInt64, packets: UInt64, now: NIODeadline) -> Bool {
        if bytes.addingClamped(self.nearBytes) >= self.limit.bytes { return true }
        if packets.addingClamped(Self.nearPackets) >= self.limit.packets { return true }
        if let time = self.limit.time, now + Self.nearTime >= self.lastEnd + time { return true }
        if let peerVolume { return self.isNear(peerVolume, bytes) }
        return self.isNear(Self.usualVolumes.0, bytes) || self.isNear(Self.usualVolumes.1, bytes)
    }

    private func isNear(_ volume: UInt64, _ bytes: UInt64) -> Bool {
        max(volume, bytes) - min(volume, bytes) <= self.nearBytes
    }

    var nextDeadline: NIODeadline? {
        if let began { return began + self.timeLimit }
        return self.limit.time.map { self.lastEnd + $0 }
    }

    /// Whether the exchange under way takes too long.
    func isOverdue(now: NIODeadline) -> Bool {
        guard let began else { return false }
        return now >= began + self.timeLimit
    }

    /// A key exchange costs us far more than it costs the peer: one that keeps asking without moving data is refused.
    mutating func countPeerStart(sent: UInt64, received: UInt64, now: NIODeadline) throws {
        self.peerVolume = max(sent, received)
        guard sent.addingClamped(received) < 64 * 1024, now < self.lastEnd + .seconds(10) else {
            return self.idleStarts = 0
        }
        self.idleStarts += 1
        guard self.idleStarts <= self.idleStartLimit else {
            throw SSHError(.limitExceeded, "the peer starts key exchanges in a loop")
        }
    }
}
