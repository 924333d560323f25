import Logging
import NIOCore
import SSHForwarding
import SSHProtocol
import SSHSystem

/// Looks after what clients make the relay hold: tells who holds so much that there is no more, and gives memory back to the
/// system when a peak is over.
struct MemoryWatch {
    /// How often it is called for.
    static let interval = Duration.seconds(1)
    /// Seconds in which an account is named once.
    private static let pause = 60
    /// Less than this is not worth giving back.
    private static let worthwhile = 8 * 1024 * 1024

    private let memory: ResourceBudget
    private let descriptors: ResourceBudget
    private let logger: @Sendable () -> Logger
    private let giveBack: @Sendable () -> Void
    private var told: [String: Int] = [:]
    /// The most that was held since memory was given back.
    private var peak = 0
    private var last = 0

    init(
        memory: ResourceBudget = .memory,
        descriptors: ResourceBudget = .descriptors,
        giveBack: @escaping @Sendable () -> Void = ProcessMemory.giveBackUnused,
        logger: @escaping @Sendable () -> Logger
    ) {
        self.memory = memory
        self.descriptors = descriptors
        self.giveBack = giveBack
        self.logger = logger
    }

    /// - Parameter now: seconds on any clock that only goes forward.
    mutating func look(now: Int) {
        self.tell(now)
        let used = self.memory.used
        self.peak = max(self.peak, used)
        // Not while it is still going down: each time is as expensive as the last.
        let isOver = self.peak - used >= Self.worthwhile && used >= self.last - Self.worthwhile
        self.last = used
        guard isOver else { return }
        self.peak = used
        self.giveBack()
    }

    private mutating func tell(_ now: Int) {
        self.told = self.told.filter { now - $0.value < Self.pause }
        for (account, held) in self.memory.takeShortages() where self.isNews("memory \(account)", now) {
            self.logger().warning(
                """
                Account \(account.escapedForLog) holds all the memory that it may for now: \(Self.mebibytes(held)) MiB of \
                the \(Self.mebibytes(self.memory.used)) MiB that all hold, at most \(Self.mebibytes(self.memory.limit)) \
                (MemoryLimit). Its windows do not grow, and new channels may be refused.
                """
            )
        }
        for (account, held) in self.descriptors.takeShortages() where self.isNews("descriptors \(account)", now) {
            self.logger().warning(
                """
                Account \(account.escapedForLog) holds all the sockets that it may for now: \(held) of \
                the \(self.descriptors.used) that all hold, at most \(self.descriptors.limit) (RLIMIT_NOFILE).
                """
            )
        }
    }

    private mutating func isNews(_ what: String, _ now: Int) -> Bool {
        guard self.told[what] == nil else { return false }
        self.told[what] = now
        return true
    }

    private static func mebibytes(_ bytes: Int) -> Int { (bytes + 512 * 1024) / (1024 * 1024) }
}
