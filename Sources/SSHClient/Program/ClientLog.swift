import Glibc
import SSHWire

/// Lines for the person at the terminal, or for the file of `-E`.
struct ClientLog: Sendable {
    var level: LogLevel
    private let descriptor: Int32

    /// - Parameter file: lines are appended to it; nil is standard error.
    init(level: LogLevel, file: String? = nil) throws {
        self.level = level
        guard let file else {
            self.descriptor = STDERR_FILENO
            return
        }
        self.descriptor = open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard self.descriptor >= 0 else {
            throw SSHError(.system, "Couldn't open logfile \(file): \(SystemError())")
        }
    }

    /// Standard error, before anything is known about levels.
    static let standard = ClientLog(descriptor: STDERR_FILENO)

    private init(descriptor: Int32) {
        self.level = .info
        self.descriptor = descriptor
    }

    /// Standard error may be closed when the program goes to the background.
    var isOnStandardError: Bool { self.descriptor == STDERR_FILENO }

    /// Something failed.
    func error(_ text: String) {
        self.write("swssh: \(text)", at: .error)
    }

    /// Something a user wants to know; also warnings.
    func info(_ text: String) {
        self.write(text, at: .info)
    }

    func verbose(_ text: String) {
        self.write(text, at: .verbose)
    }

    /// A step on the way (`-v`).
    func debug(_ text: String) {
        self.write("debug1: \(text)", at: .debug1)
    }

    /// A text of several lines that comes from the server: it is shown, but cannot drive the terminal.
    func banner(_ text: String) {
        guard self.level >= .error else { return }
        Self.write(text.escapedForTerminal(keepingLines: true), to: self.descriptor)
    }

    private func write(_ text: String, at level: LogLevel) {
        guard self.level >= level else { return }
        Self.write(text.escapedForTerminal() + "\n", to: self.descriptor)
    }

    /// Nobody can be told that telling failed.
    static func write(_ text: String, to descriptor: Int32) {
        let bytes = Array(text.utf8)
        _ = Glibc.write(descriptor, bytes, bytes.count)
    }
}
