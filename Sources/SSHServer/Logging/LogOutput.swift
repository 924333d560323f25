import Glibc
import Logging
import SSHWire
import Synchronization

/// Takes lines to where the log goes.
protocol LogOutput: Sendable {
    /// - Returns: false if the line is lost: the disk is full, or whoever reads the log does not.
    func write(_ record: LogRecord, _ format: LogFormat) -> Bool

    /// Whether it keeps metadata as fields of its own, whatever the format.
    var hasFields: Bool { get }
}

extension LogOutput {
    var hasFields: Bool { false }
}

/// Standard error: the bare line, as `sshd -e` writes it.
struct StandardErrorOutput: LogOutput {
    var descriptor = STDERR_FILENO
    /// `<6>` in front of a line tells the journal its priority (sd-daemon(3)).
    var namesPriority = false

    func write(_ record: LogRecord, _ format: LogFormat) -> Bool {
        let priority = self.namesPriority ? "<\(record.severity)>" : ""
        let line = Array("\(priority)\(record.body(format))\n".utf8)
        // One write per line, so that lines of several threads do not mix.
        return Glibc.write(self.descriptor, line, line.count) == line.count
    }
}

/// A file: `TIME sshd[NUMBER]: message`, which is what fail2ban expects of a log file, or a JSON object.
final class FileOutput: LogOutput {
    private let descriptor: Int32
    /// The disk was full in the middle of a line.
    private let isMidLine = Mutex(false)

    init(_ path: String) throws {
        self.descriptor = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0o600)
        guard self.descriptor >= 0 else {
            throw SSHError(
                .system,
                "cannot open the log file \(path.escapedForLog): \(String(cString: strerror(errno)))"
            )
        }
    }

    deinit {
        close(self.descriptor)
    }

    func write(_ record: LogRecord, _ format: LogFormat) -> Bool {
        let body = format == .json ? record.json : "\(record.time.rfc3339) \(record.tag): \(record.text)"
        return self.isMidLine.withLock { isMidLine in
            let line = Array("\(isMidLine ? "\n" : "")\(body)\n".utf8)
            let count = Glibc.write(self.descriptor, line, line.count)
            if count > 0 { isMidLine = count < line.count }
            return count == line.count
        }
    }
}

/// Counts the lines that an output could not take, and says so when it takes lines again.
final class LogWriter: Sendable {
    private let output: any LogOutput
    private let format: LogFormat
    let showsFacts: Bool
    private let lost = Mutex<UInt64>(0)

    init(_ output: any LogOutput, _ format: LogFormat) {
        self.output = output
        self.format = format
        self.showsFacts = format == .json || output.hasFields
    }

    func write(_ record: LogRecord) {
        self.lost.withLock { lost in
            if lost > 0 {
                let report = LogRecord(
                    time: record.time,
                    level: .error,
                    message: "\(lost) lines of the log were lost",
                    metadata: [:]
                )
                if self.output.write(report, self.format) { lost = 0 }
            }
            if !self.output.write(record, self.format) { lost += 1 }
        }
    }
}
