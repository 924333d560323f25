import Logging
import SSHSystem

extension LogRecord {
    /// One JSON object (RFC 8259): time, level, message and connection first, then the rest of the metadata by name.
    var json: String {
        var writer = JSONObjectWriter()
        writer.add("time", .string(self.time.rfc3339))
        writer.add("level", .string(self.levelName))
        writer.add("message", .string(self.message))
        if let connection = self.connection { writer.add(Self.connectionKey, .stringConvertible(connection)) }
        for (key, value) in self.metadata.sorted(by: { $0.key < $1.key }) { writer.add(key, value) }
        return writer.text
    }

    /// sshd's words for its levels.
    private var levelName: String {
        switch self.level {
        case .trace: "debug"
        case .debug: "verbose"
        case .info, .notice: "info"
        case .warning: "warning"
        case .error: "error"
        case .critical: "fatal"
        }
    }
}
