import Synchronization

/// How many tunnels of a process may hold more in memory than the others: what makes a few busy ones faster must not add up when
/// there are thousands of them.
final class BulkPermits: Sendable {
    /// For sockets that read in large pieces: a piece waits in memory when the channel behind it cannot take it.
    static let largeReads = BulkPermits(128)
    /// For readers in memory that have more before them.
    static let readAhead = BulkPermits(64)

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
        private let permits: BulkPermits

        fileprivate init(_ permits: BulkPermits) {
            self.permits = permits
        }

        deinit {
            self.permits.free.withLock { $0 += 1 }
        }
    }
}
