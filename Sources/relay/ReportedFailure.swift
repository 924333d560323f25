import ArgumentParser
import Glibc
import SSHWire

/// Ends the program with one line on standard error.
enum ReportedFailure {
    static func failure(_ line: String, status: Int32 = 1) -> ExitCode {
        let bytes = Array("\(line)\n".utf8)
        _ = write(STDERR_FILENO, bytes, bytes.count)
        return ExitCode(status)
    }

    /// 255 for a configuration that is wrong, as sshd.
    static func failure(_ error: SSHError) -> ExitCode {
        self.failure("relay: \(error.reason)", status: error.code == .invalidConfiguration ? 255 : 1)
    }
}
