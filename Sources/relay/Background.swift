import Glibc
import SSHSystem
import SSHWire

/// Runs this program again, detached from the terminal. fork(2) alone would leave the threads behind.
enum Background {
    /// Gives the process the name by which it was called: ps(1) and pgrep(1) would call `/proc/self/exe` by its last word.
    static func keepName() {
        guard let name = CommandLine.arguments.first?.split(separator: "/").last else { return }
        let file = open("/proc/self/comm", O_WRONLY | O_CLOEXEC)
        guard file >= 0 else { return }
        let bytes = Array(name.utf8)
        _ = write(file, bytes, bytes.count)
        close(file)
    }

    /// - Parameter keepsStandardError: the log goes there.
    static func run(_ arguments: [String], keepsStandardError: Bool) throws {
        var start = ProgramStart("/proc/self/exe", arguments)
        start.nullDescriptors = [(STDIN_FILENO, O_RDONLY), (STDOUT_FILENO, O_WRONLY)]
        if !keepsStandardError { start.nullDescriptors.append((STDERR_FILENO, O_WRONLY)) }
        start.leadsSession = true
        do throws(SystemError) {
            _ = try start.start()
        } catch {
            throw SSHError(.system, "cannot go to the background: \(error)")
        }
    }
}
