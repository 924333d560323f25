import ArgumentParser
import Glibc

/// Ends the program with one line on standard error.
enum ReportedFailure {
    static func failure(_ line: String, status: Int32 = 1) -> ExitCode {
        let bytes = Array("\(line)\n".utf8)
        _ = write(STDERR_FILENO, bytes, bytes.count)
        return ExitCode(status)
    }
}
