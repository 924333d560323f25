/// LogLevel, from the quietest.
public enum LogLevel: String, Hashable, Sendable, CaseIterable, Comparable {
    case quiet = "QUIET"
    case fatal = "FATAL"
    case error = "ERROR"
    case info = "INFO"
    case verbose = "VERBOSE"
    case debug1 = "DEBUG"
    case debug2 = "DEBUG2"
    case debug3 = "DEBUG3"

    public static func < (left: LogLevel, right: LogLevel) -> Bool {
        (Self.allCases.firstIndex(of: left) ?? 0) < (Self.allCases.firstIndex(of: right) ?? 0)
    }
}

/// SyslogFacility.
public enum SyslogFacility: String, Hashable, Sendable, CaseIterable {
    case daemon = "DAEMON"
    case user = "USER"
    case auth = "AUTH"
    case authPriv = "AUTHPRIV"
    case local0 = "LOCAL0"
    case local1 = "LOCAL1"
    case local2 = "LOCAL2"
    case local3 = "LOCAL3"
    case local4 = "LOCAL4"
    case local5 = "LOCAL5"
    case local6 = "LOCAL6"
    case local7 = "LOCAL7"
}
