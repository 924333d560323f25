import Glibc
import SSHClient
import SSHSystem
import SSHWire

/// `-f`: the program runs again as a child, and the parent leaves when the child says that everything stands.
///
/// fork(2) alone would leave the event loop's thread behind. Until then the child keeps the terminal, so that it can ask.
enum Background {
    private static let variable = "SWSSH_READY_DESCRIPTOR"
    private static let nameVariable = "SWSSH_PROCESS_NAME"
    private static let readyDescriptor: Int32 = 3

    /// Whether a parent waits for this process. What it starts itself must not believe so too.
    static let isChild: Bool = {
        guard getenv(variable) != nil else { return false }
        unsetenv(variable)
        if let name = getenv(nameVariable) { Self.processName = String(cString: name) }
        unsetenv(nameVariable)
        return fcntl(readyDescriptor, F_SETFD, FD_CLOEXEC) == 0
    }()

    /// What ps(1) and pgrep(1) call this process; after exec of /proc/self/exe they would call it `exe`.
    private static var processName: String {
        get {
            let file = try? BoundedFile(reading: "/proc/self/comm", limit: 4096)
            return String(decoding: (file?.bytes ?? []).prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
        }
        set {
            let descriptor = open("/proc/self/comm", O_WRONLY | O_CLOEXEC)
            guard descriptor >= 0 else { return }
            ClientLog.write(newValue, to: descriptor)
            close(descriptor)
        }
    }

    /// - Returns: what the parent exits with.
    static func startChild(_ arguments: [String]) throws -> Int32 {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw SSHError(.system, "pipe: \(SystemError())") }
        // Were the end already where the child wants it, dup2 would leave it to be closed by exec.
        let reader = fcntl(ends[0], F_DUPFD_CLOEXEC, self.readyDescriptor + 1)
        let writer = fcntl(ends[1], F_DUPFD_CLOEXEC, self.readyDescriptor + 1)
        for end in ends { close(end) }
        let process = try ClientPrograms.start(
            "/proc/self/exe",
            [CommandLine.arguments.first ?? "swssh"] + arguments,
            signals: EndSignals.numbers,
            descriptors: [(writer, self.readyDescriptor)],
            variables: [
                "\(self.variable)=\(self.readyDescriptor)", "\(self.nameVariable)=\(self.processName)",
            ]
        )
        close(writer)
        var byte: UInt8 = 0
        var count = read(reader, &byte, 1)
        while count < 0, errno == EINTR { count = read(reader, &byte, 1) }
        if count == 1 { return 0 }
        switch try ClientPrograms.end(of: process) {
        case .exit(let status): return status
        case .signal(let signal): EndSignals.die(of: signal)
        case .unknown: break
        }
        return 0
    }

    /// The child leaves the terminal and releases its parent.
    ///
    /// - Throws: `system` if somebody has ended the parent, which was all of the program that they knew.
    static func detach(keepingStandardError: Bool) throws {
        guard self.isChild else { return }
        var parent = pollfd(fd: self.readyDescriptor, events: Int16(POLLOUT), revents: 0)
        guard poll(&parent, 1, 0) >= 0, parent.revents & Int16(POLLERR) == 0 else {
            throw SSHError(.system, "the process that was to go to the background has been ended")
        }
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
