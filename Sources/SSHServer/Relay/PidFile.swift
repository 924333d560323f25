import Glibc
import Logging

/// The file that tells tools which process is the relay.
enum PidFile {
    static func write(_ path: String, logger: Logger) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            logger.error("Couldn't create pid file \"\(path.escapedForLog)\": \(String(cString: strerror(errno)))")
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
