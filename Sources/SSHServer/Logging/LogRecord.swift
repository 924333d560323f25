import Glibc
import Logging

/// One line of the log, before it is known where it goes.
struct LogRecord: Sendable {
    /// What every line of sshd's is filed under, and what tools that read sshd's log look for.
    static let identifier = "sshd"
    /// The metadata that numbers a connection.
    static let connectionKey = "connection"
    private static let limit = 8192

    let time: LogTime
    let level: Logger.Level
    /// One line of printable ASCII.
    let message: String
    let metadata: Logger.Metadata

    init(time: LogTime, level: Logger.Level, message: String, metadata: Logger.Metadata) {
        self.time = time
        self.level = level
        self.message = Self.printable(message)
        self.metadata = metadata
    }

    /// The number of the connection that the line is about.
    var connection: UInt64? { self.metadata[Self.connectionKey].flatMap { UInt64("\($0)") } }

    /// The message with `error: ` or `debug1: ` in front where sshd puts it.
    var text: String {
        switch self.level {
        case .trace: "debug1: \(self.message)"
        case .debug, .info, .notice: self.message
        case .warning: "warning: \(self.message)"
        case .error: "error: \(self.message)"
        case .critical: "fatal: \(self.message)"
        }
    }

    /// `sshd[NUMBER]`. sshd has a process for each connection, and fail2ban takes lines with the same number for the same
    /// connection's; so here it is the connection's number, and the process's on lines that are about no connection.
    var tag: String { "\(Self.identifier)[\(self.number)]" }

    var number: String { self.connection.map { "\($0)" } ?? "\(getpid())" }

    func body(_ format: LogFormat) -> String {
        switch format {
        case .text: self.text
        case .json: self.json
        }
    }

    /// In one pass over its memory: this is asked of every line.
    private static func isPrintable(_ message: String) -> Bool {
        var message = message
        return message.withUTF8 { bytes in
            var others = 0
            for byte in bytes where !(0x20...0x7e).contains(byte) { others += 1 }
            return others == 0
        }
    }

    /// Nothing that a line was made of can begin another line or reach a terminal raw.
    private static func printable(_ message: String) -> String {
        guard message.utf8.count > Self.limit || !Self.isPrintable(message) else { return message }
        var bytes: [UInt8] = []
        for byte in message.utf8.prefix(Self.limit) {
            switch byte {
            case 0x20...0x7e: bytes.append(byte)
            default: bytes += [UInt8(ascii: "\\"), 48 + byte >> 6, 48 + byte >> 3 & 7, 48 + byte & 7]
            }
        }
        if message.utf8.count > Self.limit { bytes += "...".utf8 }
        return String(decoding: bytes, as: UTF8.self)
    }
}
