import Glibc
public import Logging

/// Writes log lines to standard error in sshd's form: the bare message, with `error: ` or `debug: ` in front where sshd
/// puts it. Tools such as fail2ban read these.
public struct StandardErrorLog: LogHandler {
    public var metadata: Logger.Metadata = [:]
    public var logLevel: Logger.Level

    public init(level: Logger.Level) {
        self.logLevel = level
    }

    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { self.metadata[key] }
        set { self.metadata[key] = newValue }
    }

    public func log(event: LogEvent) {
        let prefix =
            switch event.level {
            case .trace: "debug1: "
            case .debug, .info, .notice: ""
            case .warning: "warning: "
            case .error: "error: "
            case .critical: "fatal: "
            }
        Self.write(Array("\(prefix)\(event.message)\n".utf8))
    }

    /// One write per line, so that lines of several threads do not mix. A full disk or a closed pipe loses the line.
    private static func write(_ line: [UInt8]) {
        _ = Glibc.write(STDERR_FILENO, line, line.count)
    }
}

extension LogLevel {
    /// sshd's level in swift-log's words. VERBOSE is `debug`, all of sshd's DEBUG levels are `trace`.
    public var loggerLevel: Logger.Level {
        switch self {
        case .quiet, .fatal: .critical
        case .error: .error
        case .info: .info
        case .verbose: .debug
        case .debug1, .debug2, .debug3: .trace
        }
    }
}
