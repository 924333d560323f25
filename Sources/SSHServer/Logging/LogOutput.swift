import Glibc
import Logging
import SSHSystem
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
    private let lines: LineDescriptor
    /// `<6>` in front of a line tells the journal its priority (sd-daemon(3)).
    private let namesPriority: Bool

    init(descriptor: Int32 = STDERR_FILENO, namesPriority: Bool = false) {
        self.lines = LineDescriptor(descriptor)
        self.namesPriority = namesPriority
    }

    func write(_ record: LogRecord, _ format: LogFormat) -> Bool {
        let priority = self.namesPriority ? "<\(record.severity)>" : ""
        return self.lines.write("\(priority)\(record.body(format))")
    }
}

/// A file: `TIME sshd[NUMBER]: message`, which is what fail2ban expects of a log file, or a JSON object.
final class FileOutput: LogOutput {
    private let descriptor: Int32
    private let lines: LineDescriptor

    init(_ path: String) throws {
        self.descriptor = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0o600)
        guard self.descriptor >= 0 else {
            throw SSHError(
                .system,
                "cannot open the log file \(path.escapedForLog): \(SystemError())"
            )
        }
        self.lines = LineDescriptor(self.descriptor)
    }

    deinit {
        close(self.descriptor)
    }

    func write(_ record: LogRecord, _ format: LogFormat) -> Bool {
        let body = format == .json ? record.json : "\(record.time.rfc3339) \(record.tag): \(record.text)"
        return self.lines.write(body)
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
