import Glibc
public import Logging

extension LogRecord {
    /// syslog(3)'s severity, as sshd chooses it.
    var severity: Int32 {
        switch self.level {
        case .trace: LOG_DEBUG
        case .debug, .info, .notice: LOG_INFO
        case .warning: LOG_WARNING
        case .error: LOG_ERR
        case .critical: LOG_CRIT
        }
    }
}

extension SyslogFacility {
    /// RFC 5424 §6.2.1.
    var number: Int32 {
        switch self {
        case .user: 1
        case .daemon: 3
        case .auth: 4
        case .authPriv: 10
        case .local0: 16
        case .local1: 17
        case .local2: 18
        case .local3: 19
        case .local4: 20
        case .local5: 21
        case .local6: 22
        case .local7: 23
        }
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
