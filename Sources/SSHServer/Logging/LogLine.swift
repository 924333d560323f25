import Logging

/// What a line of the log says, and how loudly.
struct LogLine: Hashable, Sendable {
    let level: Logger.Level
    let message: String

    static func error(_ message: String) -> LogLine { LogLine(level: .error, message: message) }
    static func info(_ message: String) -> LogLine { LogLine(level: .info, message: message) }
    /// sshd's VERBOSE.
    static func verbose(_ message: String) -> LogLine { LogLine(level: .debug, message: message) }
}

extension ConnectionLog {
    func write(_ lines: [LogLine]) {
        for line in lines { self.log(line.level, "\(line.message)") }
    }
}

extension Logger {
    func write(_ lines: [LogLine]) {
        for line in lines { self.log(level: line.level, "\(line.message)") }
    }
}
