import Glibc
import SSHSystem
import SSHWire
import Synchronization

/// The relay of this process, as commands see it.
final class RunningRelay: OperatedRelay {
    let context: RelayContext
    private let began = LogTime.now()
    private let startReload: @Sendable (ReloadRequest) -> Void
    private let threads = SpareThreads()

    init(_ context: RelayContext, startReload: @escaping @Sendable (ReloadRequest) -> Void) {
        self.context = context
        self.startReload = startReload
    }

    var connections: ConnectionRegistry { self.context.connections }

    var status: RelayStatus {
        var status = RelayStatus(
            version: RelayVersion.text,
            process: getpid(),
            since: UInt64(clamping: self.began.seconds)
        )
        (status.sent, status.received) = (self.context.traffic.sent, self.context.traffic.received)
        return status
    }

    func reload() async -> ReloadOutcome {
        await withCheckedContinuation { continuation in
            self.startReload(ReloadRequest { continuation.resume(returning: $0) })
        }
    }

    /// On a thread of its own: it reads files and may run commands.
    func explain(_ request: ExplainRequest) async throws -> Explanation {
        let configuration = self.context.rules.configuration
        return try await withCheckedThrowingContinuation { continuation in
            self.threads.run {
                let now = UInt64(clamping: time(nil))
                continuation.resume(with: Result { try Explanation(request, configuration: configuration, now: now) })
            }
        }
    }
}

/// Somebody waits to hear what comes of reading everything again, and hears it in any case.
final class ReloadRequest: Sendable {
    private let completion: Mutex<(@Sendable (ReloadOutcome) -> Void)?>

    init(_ completion: @escaping @Sendable (ReloadOutcome) -> Void) {
        self.completion = Mutex(completion)
    }

    deinit {
        self.answer(.failed("the relay is shutting down"))
    }

    func answer(_ outcome: ReloadOutcome) {
        let completion = self.completion.withLock { completion in
            defer { completion = nil }
            return completion
        }
        completion?(outcome)
    }
}
