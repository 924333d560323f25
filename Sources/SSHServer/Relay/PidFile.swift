public import Glibc
import Logging
import SSHSystem
import SSHWire

/// The file that tells tools which process is the relay.
public enum PidFile {
    /// - Throws: `system` if there is no file, or no relay is the process that it names.
    public static func read(_ path: String) throws -> pid_t {
        let bytes: [UInt8]
        do {
            bytes = try BoundedFile(path: path, limit: 64, mustBeRegular: true).bytes
        } catch is BoundedFile.NotFound {
            throw SSHError(
                .system,
                "\(path.escapedForLog) does not exist: the relay does not run, or could not write it; SIGHUP does the same"
            )
        }
        let digits = bytes.prefix { (48...57).contains($0) }
        guard let process = pid_t(String(decoding: digits, as: UTF8.self)), process > 1 else {
            throw SSHError(.system, "\(path.escapedForLog) does not hold a process id")
        }
        // A stale file may name somebody else's process by now.
        let name = try? BoundedFile(path: "/proc/\(process)/comm", limit: 64).bytes
        guard let name, name.starts(with: "relay\n".utf8) else {
            throw SSHError(.system, "process \(process) of \(path.escapedForLog) is not a relay")
        }
        return process
    }

    /// - Parameter rule: the line that names the file; a file by default is a courtesy, and may fail.
    static func write(_ path: String, named rule: Rule?, _ logger: Logger) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            guard rule != nil else { return }
            logger.error("Couldn't create pid file \"\(path.escapedForLog)\": \(SystemError())")
            return
        }
        defer { close(descriptor) }
        let text = Array("\(getpid())\n".utf8)
        _ = Glibc.write(descriptor, text, text.count)
    }

    static func remove(_ path: String) {
        _ = unlink(path)
    }
}

/// The file that was written last, which follows the configuration.
struct CurrentPidFile {
    private var path: String?

    mutating func follow(_ configuration: ServerConfiguration, _ logger: Logger) {
        if configuration.pidFile != self.path { self.remove() }
        self.path = configuration.pidFile
        // Written again also where the name is the same, as by sshd at SIGHUP: somebody may have removed it.
        if let path { PidFile.write(path, named: configuration.$pidFile.rule, logger) }
    }

    mutating func remove() {
        if let path { PidFile.remove(path) }
        self.path = nil
    }
}
