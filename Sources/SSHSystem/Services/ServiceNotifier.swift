import Glibc

/// Tells systemd how this process is doing (sd_notify(3)), without libsystemd.
///
/// What cannot be told is not an error: the process does its work all the same.
package final class ServiceNotifier: Sendable {
    /// systemd reads at once; it is only this behind when the machine is.
    private static let patience: Int32 = 1000

    private let socket: UnixDatagram
    /// How often `watchdog` must be called for systemd to take the process for alive; half of what systemd allows.
    package let watchdogInterval: Duration?

    /// - Parameter environment: looks a variable up.
    /// - Returns: nil if systemd did not start this process, or does not ask.
    package convenience init?(environment: (String) -> String?) {
        self.init(environment: environment, processID: getpid())
    }

    init?(environment: (String) -> String?, processID: pid_t) {
        guard let name = environment("NOTIFY_SOCKET"), let socket = UnixDatagram(to: name) else { return nil }
        self.socket = socket
        self.watchdogInterval = Self.watchdogInterval(environment, processID)
    }

    /// What the process is for stands, for the first time or after a reload.
    ///
    /// - Parameter status: one line for `systemctl status`.
    package func ready(_ status: String) {
        self.send(["READY=1", "STATUS=\(status.escapedForLog)"])
    }

    /// The configuration is being read again; `ready` must follow, whether it was any good or not.
    package func reloading() {
        self.send(["RELOADING=1", "MONOTONIC_USEC=\(Self.monotonicMicroseconds())"])
    }

    /// The process begins nothing more, and ends soon.
    package func stopping(_ status: String) {
        self.send(["STOPPING=1", "STATUS=\(status.escapedForLog)"])
    }

    package func status(_ status: String) {
        self.send(["STATUS=\(status.escapedForLog)"])
    }

    /// The process is alive.
    package func watchdog() {
        self.send(["WATCHDOG=1"])
    }

    /// Calls `watchdog` as often as systemd wants it, until the task is cancelled.
    ///
    /// - Parameter proof: returns when whatever does the work has shown that it still does: an event loop that hangs must
    ///   not look alive because this task is.
    package func keepAlive(proof: @Sendable () async -> Void) async {
        guard let interval = self.watchdogInterval else { return }
        while true {
            await proof()
            guard !Task.isCancelled else { return }
            self.watchdog()
            do { try await Task.sleep(for: interval) } catch { return }
        }
    }

    private func send(_ lines: [String]) {
        let bytes = Array(lines.joined(separator: "\n").utf8)
        guard self.socket.send(bytes) == EAGAIN else { return }
        self.socket.awaitSpace(milliseconds: Self.patience)
        _ = self.socket.send(bytes)
    }

    private static func watchdogInterval(_ environment: (String) -> String?, _ processID: pid_t) -> Duration? {
        guard let microseconds = environment("WATCHDOG_USEC").flatMap(Int64.init), microseconds > 1 else { return nil }
        // Without a process it is meant for whoever asks.
        if let process = environment("WATCHDOG_PID"), pid_t(process) != processID { return nil }
        return .microseconds(microseconds / 2)
    }

    /// On the clock that systemd compares it with.
    private static func monotonicMicroseconds() -> Int {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return time.tv_sec * 1_000_000 + time.tv_nsec / 1000
    }
}
