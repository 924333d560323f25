import CSpawn
import Glibc
package import SSHWire

/// A program that was started with nothing of ours but two pipes to write into: no descriptor, no ambient capability, no signal
/// that is ignored, no terminal, and `/` as its folder. It leads a session and a process group of its own.
package struct ChildProcess {
    package let identifier: Int32
    /// What it writes to standard output and standard error can be read from these; who has started it closes them.
    package let output: Int32
    package let errors: Int32

    /// POSIX_SPAWN_SETSID, SETSIGDEF and SETSIGMASK of <spawn.h>: Swift does not see the first.
    private static let flags: Int16 = 0x80 | 0x04 | 0x08

    /// - Parameters:
    ///   - arguments: the first is an absolute path.
    ///   - environment: `NAME=value`, all that there is.
    /// - Throws: `SSHError` with code `system`.
    package static func start(_ arguments: [String], environment: [String]) throws(SSHError) -> ChildProcess {
        guard let path = arguments.first, !(arguments + environment).contains(where: { $0.utf8.contains(0) }) else {
            throw SSHError(.system, "an argument holds a NUL byte")
        }
        let output = try Pipe()
        defer { output.closeEnd() }
        let errors: Pipe
        do throws(SSHError) {
            errors = try Pipe()
        } catch {
            output.closeBeginning()
            throw error
        }
        defer { errors.closeEnd() }
        // Who has closed standard input and the like would have them here, and one would be put over the other.
        guard min(output.end, errors.end) > STDERR_FILENO else {
            output.closeBeginning()
            errors.closeBeginning()
            throw SSHError(.system, "standard descriptors are closed")
        }
        // EINVAL: a kernel that knows no such capabilities.
        guard clear_ambient_capabilities() == 0 || errno == EINVAL else {
            output.closeBeginning()
            errors.closeBeginning()
            throw SSHError(.system, "capabilities cannot be given up")
        }
        var identifier = pid_t()
        let status = Self.spawn(&identifier, path, arguments, environment, output.end, errors.end)
        guard status == 0 else {
            output.closeBeginning()
            errors.closeBeginning()
            throw SSHError(.system, String(cString: strerror(status)))
        }
        return ChildProcess(identifier: identifier, output: output.beginning, errors: errors.beginning)
    }

    private static func spawn(
        _ identifier: inout pid_t,
        _ path: String,
        _ arguments: [String],
        _ environment: [String],
        _ output: Int32,
        _ errors: Int32
    ) -> Int32 {
        var attributes = posix_spawnattr_t()
        var files = posix_spawn_file_actions_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        posix_spawn_file_actions_init(&files)
        defer { posix_spawn_file_actions_destroy(&files) }
        let status = Self.prepare(&attributes, &files, output, errors)
        guard status == 0 else { return status }
        var argv: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        defer { for argument in argv { free(argument) } }
        var envp: [UnsafeMutablePointer<CChar>?] = environment.map { strdup($0) } + [nil]
        defer { for variable in envp { free(variable) } }
        return posix_spawn(&identifier, path, &files, &attributes, &argv, &envp)
    }

    /// - Returns: an error number; without memory for one of the steps nothing may be started.
    private static func prepare(
        _ attributes: inout posix_spawnattr_t,
        _ files: inout posix_spawn_file_actions_t,
        _ output: Int32,
        _ errors: Int32
    ) -> Int32 {
        var (none, all) = (sigset_t(), sigset_t())
        sigemptyset(&none)
        sigfillset(&all)
        let steps = [
            posix_spawnattr_setsigmask(&attributes, &none),
            posix_spawnattr_setsigdefault(&attributes, &all),
            posix_spawnattr_setflags(&attributes, Self.flags),
            posix_spawn_file_actions_adddup2(&files, output, STDOUT_FILENO),
            posix_spawn_file_actions_adddup2(&files, errors, STDERR_FILENO),
            posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0),
            posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1),
            posix_spawn_file_actions_addchdir_np(&files, "/"),
        ]
        return steps.first { $0 != 0 } ?? 0
    }

    /// It and whatever it has started, unless that has left its process group.
    package func kill() {
        _ = Glibc.kill(-self.identifier, SIGKILL)
    }

    /// What became of it, once; nil while it runs.
    package func ending() -> Ending? {
        var status: Int32 = 0
        switch waitpid(self.identifier, &status, WNOHANG) {
        case 0: return nil
        case self.identifier: return status & 0x7f == 0 ? .exit(status: (status >> 8) & 0xff) : .signal(status & 0x7f)
        default: return errno == EINTR ? nil : .unknown
        }
    }

    package enum Ending: Hashable {
        case exit(status: Int32)
        case signal(Int32)
        /// Somebody else has asked.
        case unknown
    }
}

/// Both ends belong to us alone, whoever starts a program at the same time.
private struct Pipe {
    let beginning: Int32
    let end: Int32

    init() throws(SSHError) {
        var descriptors: [Int32] = [-1, -1]
        guard pipe2(&descriptors, O_CLOEXEC) == 0 else { throw SSHError(.system, String(cString: strerror(errno))) }
        (self.beginning, self.end) = (descriptors[0], descriptors[1])
    }

    func closeBeginning() { close(self.beginning) }
    func closeEnd() { close(self.end) }
}
