import Glibc
import Logging
import SSHSystem
import Synchronization

/// The system's log, in the datagrams of syslog(3).
///
/// syslog(3) itself cannot say which connection a line is about: its tag is the same for the whole process.
final class SyslogOutput: LogOutput {
    static let path = "/dev/log"

    private let socket: ServiceSocket
    private let facility: SyslogFacility

    init(_ facility: SyslogFacility, path: String = SyslogOutput.path) {
        self.facility = facility
        self.socket = ServiceSocket(path)
    }

    func write(_ record: LogRecord, _ format: LogFormat) -> Bool {
        let priority = self.facility.number << 3 | record.severity
        return self.socket.send(Array("<\(priority)>\(record.time.syslog) \(record.tag): \(record.body(format))".utf8))
    }
}

/// systemd's journal, in its native protocol: a line's metadata are fields of its entry, and each entry names the
/// connection as its process, which is what fail2ban goes by.
final class JournalOutput: LogOutput {
    static let path = "/run/systemd/journal/socket"

    let hasFields = true
    private let socket: ServiceSocket
    private let facility: SyslogFacility

    init(_ facility: SyslogFacility, path: String = JournalOutput.path) {
        self.facility = facility
        self.socket = ServiceSocket(path)
    }

    func write(_ record: LogRecord, _ format: LogFormat) -> Bool {
        var fields = """
            MESSAGE=\(record.body(format))
            PRIORITY=\(record.severity)
            SYSLOG_FACILITY=\(self.facility.number)
            SYSLOG_IDENTIFIER=\(LogRecord.identifier)
            SYSLOG_PID=\(record.number)

            """
        for (key, value) in record.metadata.sorted(by: { $0.key < $1.key }) {
            // A line break would begin another field.
            fields += "RELAY_\(Self.fieldName(key))=\("\(value)".escapedForLog)\n"
        }
        return self.socket.send(Array(fields.utf8))
    }

    /// Capital letters, digits and underscores are all that a field's name may have, 64 of them.
    private static func fieldName(_ key: String) -> String {
        let bytes = key.utf8.prefix(48).map { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"): byte ^ 0x20
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): byte
            default: UInt8(ascii: "_")
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// A datagram socket to a logging service that may be restarted, and that may be slow.
private final class ServiceSocket: Sendable {
    private struct State {
        var socket: UnixDatagram?
        /// The service did not take the last line.
        var isStuck = false
    }

    /// How long a line waits for a service that is behind; after one that waited in vain, none waits.
    private static let patience: Int32 = 20

    private let path: String
    private let state: Mutex<State>

    init(_ path: String) {
        self.path = path
        self.state = Mutex(State(socket: UnixDatagram(to: path)))
    }

    func send(_ bytes: [UInt8]) -> Bool {
        self.state.withLock { state in
            let isSent = self.send(bytes, &state)
            state.isStuck = !isSent
            return isSent
        }
    }

    private func send(_ bytes: [UInt8], _ state: inout State) -> Bool {
        if let socket = state.socket {
            var error = socket.send(bytes)
            if error == EAGAIN, !state.isStuck {
                socket.awaitSpace(milliseconds: Self.patience)
                error = socket.send(bytes)
            }
            if error == 0 { return true }
            guard error != EAGAIN, error != EMSGSIZE else { return false }
        }
        // The service is gone, or has been restarted with a new socket.
        state.socket = UnixDatagram(to: self.path)
        return state.socket?.send(bytes) == 0
    }
}
