import Glibc
import SSHWire

/// `-f`: the program runs again as a child, and the parent leaves when the child says that everything stands.
///
/// fork(2) alone would leave the event loop's thread behind. Until then the child keeps the terminal, so that it can ask.
enum Background {
    private static let variable = "SWSSH_READY_DESCRIPTOR"
    private static let readyDescriptor: Int32 = 3

    /// Whether a parent waits for this process. What it starts itself must not believe so too.
    static let isChild: Bool = {
        guard getenv(variable) != nil else { return false }
        unsetenv(variable)
        return fcntl(readyDescriptor, F_SETFD, FD_CLOEXEC) == 0
    }()

    /// - Returns: what the parent exits with.
    static func startChild(_ arguments: [String]) throws -> Int32 {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw SSHError(.system, "pipe: \(SystemError())") }
        // Were the end already where the child wants it, dup2 would leave it to be closed by exec.
        let reader = fcntl(ends[0], F_DUPFD_CLOEXEC, self.readyDescriptor + 1)
        let writer = fcntl(ends[1], F_DUPFD_CLOEXEC, self.readyDescriptor + 1)
        for end in ends { close(end) }
        let process = try ChildProcess.start(
            "/proc/self/exe",
            ["swssh"] + arguments,
            descriptors: [(writer, self.readyDescriptor)],
            variables: ["\(self.variable)=\(self.readyDescriptor)"]
        )
        close(writer)
        var byte: UInt8 = 0
        var count = read(reader, &byte, 1)
        while count < 0, errno == EINTR { count = read(reader, &byte, 1) }
        return count == 1 ? 0 : try ChildProcess.status(of: process)
    }

    /// The child leaves the terminal and releases its parent.
    static func detach(keepingStandardError: Bool) {
        guard self.isChild else { return }
        setsid()
        let null = open("/dev/null", O_RDWR | O_CLOEXEC)
        if null >= 0 {
            dup2(null, STDIN_FILENO)
            dup2(null, STDOUT_FILENO)
            if !keepingStandardError { dup2(null, STDERR_FILENO) }
            close(null)
        }
        var byte: UInt8 = 1
        _ = write(self.readyDescriptor, &byte, 1)
        close(self.readyDescriptor)
    }
}
