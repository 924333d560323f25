import Glibc
import SSHWire

/// Runs this program again, detached from the terminal. fork(2) alone would leave the threads behind.
enum Background {
    /// POSIX_SPAWN_SETSID of <spawn.h>, which Swift does not see.
    private static let newSession: Int16 = 0x80

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
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        posix_spawnattr_setflags(&attributes, Self.newSession)
        var files = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&files)
        defer { posix_spawn_file_actions_destroy(&files) }
        posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0)
        if !keepsStandardError { posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null", O_WRONLY, 0) }
        var argv: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        defer { for argument in argv { free(argument) } }
        let status = posix_spawn(nil, "/proc/self/exe", &files, &attributes, &argv, environ)
        guard status == 0 else {
            throw SSHError(.system, "cannot go to the background: \(String(cString: strerror(status)))")
        }
    }
}
