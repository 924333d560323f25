import DequeModule
import NIOCore
import Synchronization

/// Threads for what may have to wait for somebody: a file system, a name service, a program.
///
/// Work ends with whoever asked for it: what still waits then is not begun. Sources take turns, and so do the accounts of a
/// source; each has a few of the threads. What is stuck, because a file server or a name service does not answer, has a thread
/// to itself and takes none from the others.
package final class FairThreads: Sendable {
    package struct Limits: Sendable {
        /// What runs at once and is not stuck.
        package var running: Int
        /// What runs at once and what is stuck, together.
        package var threads: Int
        package var ofSource: Int
        package var ofAccount: Int
        /// Of a source for which so much is stuck, and of an account, nothing more begins.
        package var stuckOfSource: Int
        package var stuckOfAccount: Int
        package var waitingOfSource: Int
        /// What takes longer is stuck.
        package var patience: Duration

        package init(
            running: Int = 8,
            threads: Int = 64,
            ofSource: Int = 6,
            ofAccount: Int = 2,
            stuckOfSource: Int = 32,
            stuckOfAccount: Int = 1,
            waitingOfSource: Int = 1024,
            patience: Duration = .seconds(1)
        ) {
            self.running = running
            self.threads = threads
            self.ofSource = ofSource
            self.ofAccount = ofAccount
            self.stuckOfSource = stuckOfSource
            self.stuckOfAccount = stuckOfAccount
            self.waitingOfSource = waitingOfSource
            self.patience = patience
        }
    }

    /// Who asks; what he asked for and what has not begun ends with him.
    package final class Asker: Sendable {
        /// Where he is, as far as that counts as one place; nil for whoever is nowhere.
        package let source: String?
        private let hasLeft = Atomic(false)

        package init(source: String?) {
            self.source = source
        }

        /// Nobody waits for an answer any more.
        package var isGone: Bool { self.hasLeft.load(ordering: .relaxed) }

        fileprivate func leave() { self.hasLeft.store(true, ordering: .relaxed) }
    }

    private let limits: Limits
    private let threads = SpareThreads()
    private let schedule: Mutex<FairSchedule>

    package init(_ limits: Limits = Limits()) {
        self.limits = limits
        self.schedule = Mutex(FairSchedule(limits))
    }

    /// Runs it on a thread, now or when it is the asker's turn.
    ///
    /// - Parameters:
    ///   - account: what is stuck for one is not begun again for it.
    ///   - body: is dropped when the asker leaves before it has begun.
    /// - Returns: false if too much of the source waits already.
    package func submit(for asker: Asker, account: String, _ body: @escaping @Sendable () -> Void) -> Bool {
        let work = FairSchedule.Work(asker: asker, account: account, body: body)
        let isTaken = self.schedule.withLock { $0.append(work) }
        if isTaken { self.startWaiting() }
        return isTaken
    }

    /// Nobody waits for the asker's answers any more.
    ///
    /// - Returns: whether something of his was still waiting for its turn.
    @discardableResult
    package func leave(_ asker: Asker) -> Bool {
        asker.leave()
        // Whatever the work holds is let go of outside of the lock.
        let dropped = self.schedule.withLock { $0.remove(of: asker) }
        return withExtendedLifetime(dropped) { !dropped.isEmpty }
    }

    private func startWaiting() {
        let (started, mustLookAgain) = self.schedule.withLock { schedule in
            let started = schedule.begin(now: .now())
            return (started, schedule.takeMustLookAgain())
        }
        for (number, work) in started {
            self.threads.run {
                work.body()
                self.schedule.withLock { $0.end(number) }
                self.startWaiting()
            }
        }
        guard mustLookAgain else { return }
        // What runs now may turn out to be stuck.
        Task {
            try? await Task.sleep(for: self.limits.patience)
            self.schedule.withLock { $0.hasLookedAgain() }
            self.startWaiting()
        }
    }
}

/// Whose turn it is.
struct FairSchedule {
    struct Work: Sendable {
        let asker: FairThreads.Asker
        let account: String
        let body: @Sendable () -> Void
    }

    /// What one source has asked for.
    private struct Source {
        var running = 0
        var stuck = 0
        var waitingCount = 0
        var waiting: [String: Deque<Work>] = [:]
        /// The accounts for which something waits, the next first.
        var turns: Deque<String> = []

        var isIdle: Bool { self.running == 0 && self.stuck == 0 && self.waitingCount == 0 }
    }

    private struct Running {
        let source: String?
        let account: String
        let since: NIODeadline
        var isStuck = false
    }

    private let limits: FairThreads.Limits
    private var sources: [String?: Source] = [:]
    /// The sources for which something waits, the next first.
    private var turns: Deque<String?> = []
    private var running: [UInt64: Running] = [:]
    private var stuckCount = 0
    private var accounts: [String: (running: Int, stuck: Int)] = [:]
    private var lastNumber: UInt64 = 0
    private var isLookingAgain = false

    init(_ limits: FairThreads.Limits) {
        self.limits = limits
    }

    /// - Returns: false if too much of the source waits already.
    mutating func append(_ work: Work) -> Bool {
        let name = work.asker.source
        // Taken out and put back, so that nothing of it is copied.
        var source = self.sources.removeValue(forKey: name) ?? Source()
        defer { self.sources[name] = source }
        guard source.waitingCount < self.limits.waitingOfSource else { return false }
        if source.waitingCount == 0 { self.turns.append(name) }
        if source.waiting[work.account] == nil { source.turns.append(work.account) }
        source.waiting[work.account, default: []].append(work)
        source.waitingCount += 1
        return true
    }

    /// All that may begin now.
    mutating func begin(now: NIODeadline) -> [(number: UInt64, work: Work)] {
        self.findStuck(now)
        var started: [(number: UInt64, work: Work)] = []
        while self.running.count - self.stuckCount < self.limits.running, self.running.count < self.limits.threads,
            let work = self.takeNext()
        {
            self.lastNumber += 1
            self.running[self.lastNumber] = Running(source: work.asker.source, account: work.account, since: now)
            self.sources[work.asker.source, default: Source()].running += 1
            self.accounts[work.account, default: (0, 0)].running += 1
            started.append((self.lastNumber, work))
        }
        return started
    }

    private mutating func takeNext() -> Work? {
        for _ in 0..<self.turns.count {
            guard let name = self.turns.popFirst(), var source = self.sources.removeValue(forKey: name) else {
                continue
            }
            let work = self.takeNext(of: &source)
            if source.waitingCount > 0 { self.turns.append(name) }
            self.sources[name] = source
            if let work { return work }
        }
        return nil
    }

    private func takeNext(of source: inout Source) -> Work? {
        guard source.running < self.limits.ofSource, source.stuck < self.limits.stuckOfSource else { return nil }
        for _ in 0..<source.turns.count {
            guard let account = source.turns.popFirst() else { return nil }
            let load = self.accounts[account] ?? (0, 0)
            guard load.running < self.limits.ofAccount, load.stuck < self.limits.stuckOfAccount,
                var waiting = source.waiting.removeValue(forKey: account), let work = waiting.popFirst()
            else {
                source.turns.append(account)
                continue
            }
            source.waitingCount -= 1
            if !waiting.isEmpty {
                source.waiting[account] = waiting
                source.turns.append(account)
            }
            return work
        }
        return nil
    }

    private mutating func findStuck(_ now: NIODeadline) {
        let oldest = now - TimeAmount(self.limits.patience)
        for (number, running) in self.running where !running.isStuck && running.since <= oldest {
            self.running[number]?.isStuck = true
            self.stuckCount += 1
            self.sources[running.source]?.running -= 1
            self.sources[running.source]?.stuck += 1
            self.accounts[running.account]?.running -= 1
            self.accounts[running.account]?.stuck += 1
        }
    }

    mutating func end(_ number: UInt64) {
        guard let running = self.running.removeValue(forKey: number) else { return }
        if running.isStuck {
            self.stuckCount -= 1
            self.sources[running.source]?.stuck -= 1
            self.accounts[running.account]?.stuck -= 1
        } else {
            self.sources[running.source]?.running -= 1
            self.accounts[running.account]?.running -= 1
        }
        if self.sources[running.source]?.isIdle ?? false { self.sources[running.source] = nil }
        if let load = self.accounts[running.account], load == (0, 0) { self.accounts[running.account] = nil }
    }

    /// - Returns: what had not begun.
    mutating func remove(of asker: FairThreads.Asker) -> [Work] {
        guard var source = self.sources.removeValue(forKey: asker.source) else { return [] }
        var removed: [Work] = []
        if source.waitingCount > 0 {
            for (account, waiting) in source.waiting where waiting.contains(where: { $0.asker === asker }) {
                removed += waiting.filter { $0.asker === asker }
                let left = waiting.filter { $0.asker !== asker }
                source.waiting[account] = left.isEmpty ? nil : left
                if left.isEmpty { source.turns.removeAll { $0 == account } }
            }
            source.waitingCount -= removed.count
            if source.waitingCount == 0 { self.turns.removeAll { $0 == asker.source } }
        }
        if !source.isIdle { self.sources[asker.source] = source }
        return removed
    }

    /// Whether somebody has to look again after a while, who does not do so yet.
    mutating func takeMustLookAgain() -> Bool {
        guard !self.turns.isEmpty, !self.isLookingAgain else { return false }
        self.isLookingAgain = true
        return true
    }

    mutating func hasLookedAgain() { self.isLookingAgain = false }
}
