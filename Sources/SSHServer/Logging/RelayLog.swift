public import Logging
import SSHSystem

/// The relay's log.
///
/// Metadata of a logger or a line are members of its JSON object and fields of its journal entry; text shows only
/// `connection`, as the number in `sshd[NUMBER]`.
public enum RelayLog {
    /// - Throws: `system` for a file that cannot be opened.
    public static func make(
        destination: LogDestination,
        format: LogFormat,
        level: LogLevel,
        facility: SyslogFacility
    ) throws -> Logger {
        let output: any LogOutput =
            switch destination {
            case .standardError: StandardErrorOutput()
            case .syslog: SyslogOutput(facility)
            case .journal: Self.journal(facility)
            case .file(let path): try FileOutput(path)
            }
        return Self.make(output, format, level)
    }

    static func make(
        _ output: any LogOutput,
        _ format: LogFormat,
        _ level: LogLevel,
        now: @escaping @Sendable () -> LogTime = { LogTime.now() }
    ) -> Logger {
        let writer = LogWriter(output, format)
        return Logger(label: "relay") { _ in RecordLog(writer: writer, now: now, logLevel: level.loggerLevel) }
    }

    private static func journal(_ facility: SyslogFacility) -> any LogOutput {
        UnixDatagram(to: JournalOutput.path) == nil
            ? StandardErrorOutput(namesPriority: true) : JournalOutput(facility)
    }
}

/// Makes records of swift-log's events.
struct RecordLog: LogHandler {
    let writer: LogWriter
    let now: @Sendable () -> LogTime
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level

    /// Whether anything but the connection's number is shown of a line's metadata.
    var showsFacts: Bool { self.writer.showsFacts }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { self.metadata[key] }
        set { self.metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let message = event.message.description
        self.writer.write(
            LogRecord(
                time: self.now(),
                level: event.level,
                message: message,
                metadata: self.metadata(with: event.metadata)
            )
        )
    }

    private func metadata(with ofLine: Logger.Metadata?) -> Logger.Metadata {
        guard let ofLine, !self.metadata.isEmpty else { return ofLine ?? self.metadata }
        return self.metadata.merging(ofLine) { _, ofLine in ofLine }
    }
}
