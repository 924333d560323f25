import Glibc

/// When a line was logged.
struct LogTime: Hashable, Sendable {
    /// Since 1970, in UTC.
    let seconds: Int
    let milliseconds: Int

    static func now() -> LogTime {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return LogTime(seconds: time.tv_sec, milliseconds: time.tv_nsec / 1_000_000)
    }

    /// RFC 3339 in UTC: `2026-01-31T23:59:59.042Z`.
    var rfc3339: String {
        var seconds = self.seconds
        var date = tm()
        gmtime_r(&seconds, &date)
        let day = "\(Int(date.tm_year) + 1900)-\(Self.digits(date.tm_mon + 1))-\(Self.digits(date.tm_mday))"
        return "\(day)T\(Self.clock(date)).\(String(self.milliseconds + 1000).dropFirst())Z"
    }

    /// The local time as RFC 3164 §4.1.2 has it: `Jan  9 23:59:59`.
    var syslog: String {
        var seconds = self.seconds
        var date = tm()
        localtime_r(&seconds, &date)
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let day = date.tm_mday < 10 ? " \(date.tm_mday)" : "\(date.tm_mday)"
        return "\(months[Int(date.tm_mon) % 12]) \(day) \(Self.clock(date))"
    }

    private static func clock(_ date: tm) -> String {
        [date.tm_hour, date.tm_min, date.tm_sec].map(Self.digits).joined(separator: ":")
    }

    private static func digits(_ number: Int32) -> String {
        number < 10 ? "0\(number)" : "\(number)"
    }
}
