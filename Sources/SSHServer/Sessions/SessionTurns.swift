import Synchronization

/// How many commands run at once: each may hold a list of all of its account's devices.
final class SessionTurns: Sendable {
    private let most: Int
    private let mostOfAccount: Int
    private let running = Mutex<[String: Int]>([:])

    init(most: Int, ofAccount mostOfAccount: Int) {
        (self.most, self.mostOfAccount) = (most, mostOfAccount)
    }

    /// One command's turn; `end` must follow.
    struct Turn: Sendable {
        fileprivate let turns: SessionTurns
        fileprivate let account: String

        func end() { self.turns.end(self.account) }
    }

    /// - Returns: nil if there are as many as there may be.
    func begin(_ account: String) -> Turn? {
        let begins = self.running.withLock { running in
            guard running.values.reduce(0, +) < self.most, running[account, default: 0] < self.mostOfAccount else {
                return false
            }
            running[account, default: 0] += 1
            return true
        }
        return begins ? Turn(turns: self, account: account) : nil
    }

    private func end(_ account: String) {
        self.running.withLock { running in
            guard let count = running[account] else { return }
            running[account] = count > 1 ? count - 1 : nil
        }
    }
}
