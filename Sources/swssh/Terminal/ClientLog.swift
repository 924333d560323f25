import Dispatch
import Glibc
import NIOCore
import SSHClient
import SSHSystem
import SSHWire
import Synchronization

/// Lines for the person at the terminal, or for the file of `-E`.
struct ClientLog: Sendable {
    /// As in ssh, so that nobody's words fill the screen.
    private static let longestLine = 1024

    var level: ClientLogLevel
    private let descriptor: Int32
    private let budget = Budget()
    private var isOfPeers = false

    private final class Budget: Sendable {
        let lines = Mutex(PeerLines(now: ClientLog.secondsNow))
    }

    /// - Parameter file: lines are appended to it; nil is standard error.
    init(level: ClientLogLevel, file: String? = nil) throws {
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

    /// For lines that others can cause as often as they like. What is too much is left out, counted and told of.
    var ofPeers: ClientLog {
        var log = self
        log.isOfPeers = true
        return log
    }

    /// Why the program ends, in ssh's words.
    func fatal(_ text: String) {
        self.write(text, at: .fatal)
    }

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

    /// A text of several lines that comes from the server: it is shown, but cannot drive the terminal. As in ssh, it is not part
    /// of the log, wherever that goes.
    func banner(_ text: [UInt8]) {
        guard self.level >= .info else { return }
        Self.write(ServerText.forTerminal(text), to: STDERR_FILENO)
    }

    private func write(_ text: String, at level: ClientLogLevel) {
        guard self.level >= level, !self.isOfPeers || self.take(level) else { return }
        self.writeLine(text)
    }

    private func writeLine(_ text: String) {
        var line = text.escapedForTerminal()
        if line.utf8.count > Self.longestLine {
            line = String(decoding: line.utf8.prefix(Self.longestLine - 3), as: UTF8.self) + "..."
        }
        Self.write(line + "\n", to: self.descriptor)
    }

    private func take(_ level: ClientLogLevel) -> Bool {
        switch self.budget.lines.withLock({ $0.take(level, now: Self.secondsNow) }) {
        case .write: return true
        case .omit(isFirst: false): return false
        case .omit(isFirst: true):
            DispatchQueue.global().asyncAfter(deadline: .now() + .seconds(PeerLines.reportSeconds)) {
                self.tellOmitted()
            }
            return false
        }
    }

    /// Says how many lines were left out since this was called last.
    func tellOmitted() {
        for (level, text) in self.budget.lines.withLock({ $0.takeOmitted() }) where self.level >= level {
            self.writeLine(level > .info ? "debug1: \(text)" : "swssh: \(text)")
        }
    }

    private static var secondsNow: Int {
        Int(NIODeadline.now().uptimeNanoseconds / 1_000_000_000)
    }

    /// Nobody can be told that telling failed.
    static func write(_ text: String, to descriptor: Int32) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = Glibc.write(descriptor, Array(rest), rest.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }
}
