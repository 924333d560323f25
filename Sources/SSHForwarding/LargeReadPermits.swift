import Synchronization

/// How many sockets may read in large pieces at a time: a piece waits in memory when the channel behind it cannot take it.
final class LargeReadPermits: Sendable {
    /// For all tunnels of a process.
    static let process = LargeReadPermits(128)

    private let free: Mutex<Int>

    init(_ count: Int) {
        self.free = Mutex(count)
    }

    /// - Returns: nil if others have them all.
    func take() -> Permit? {
        let hasTaken = self.free.withLock { free in
            guard free > 0 else { return false }
            free -= 1
            return true
        }
        return hasTaken ? Permit(self) : nil
    }

    /// Goes back when nobody holds it any more.
    final class Permit: Sendable {
        private let permits: LargeReadPermits

        fileprivate init(_ permits: LargeReadPermits) {
            self.permits = permits
        }

        deinit {
            self.permits.free.withLock { $0 += 1 }
        }
    }
}
