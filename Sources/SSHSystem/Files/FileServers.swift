import SSHWire
import Synchronization

/// File systems of other machines, and who waits for them: where some have waited for long, nobody else begins to.
package final class FileServers: Sendable {
    package static let shared = FileServers()

    private let waiting: Mutex<[String: [ContinuousClock.Instant]]> = Mutex([:])
    private let mostStuck: Int
    private let patience: Duration

    package init(mostStuck: Int = 4, patience: Duration = .seconds(1)) {
        self.mostStuck = mostStuck
        self.patience = patience
    }

    /// Does something with a file that may lie on another machine.
    ///
    /// - Throws: `unreadableNow` if that machine does not answer to others either, and what the body throws.
    package func visit<Result>(
        _ path: String,
        mounts: MountTable = .current,
        now: ContinuousClock.Instant = .now,
        _ body: () throws -> Result
    ) throws -> Result {
        guard let mount = mounts.remoteMount(of: path) else { return try body() }
        let mayBegin = self.waiting.withLock { waiting in
            let stuck = waiting[mount, default: []].count { now - $0 > self.patience }
            guard stuck < self.mostStuck else { return false }
            waiting[mount, default: []].append(now)
            return true
        }
        guard mayBegin else {
            throw SSHError(.unreadableNow, "the file system at \(mount.escapedForLog) does not answer")
        }
        defer {
            self.waiting.withLock { waiting in
                if let index = waiting[mount]?.firstIndex(of: now) { waiting[mount]?.remove(at: index) }
                if waiting[mount]?.isEmpty ?? false { waiting[mount] = nil }
            }
        }
        return try body()
    }
}
