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
        do throws(SSHError) {
            let process = try Self.start(path, arguments, environment, output.end, errors.end)
            return ChildProcess(identifier: process, output: output.beginning, errors: errors.beginning)
        } catch {
            output.closeBeginning()
            errors.closeBeginning()
            throw error
        }
    }

    private static func start(
        _ path: String,
        _ arguments: [String],
        _ environment: [String],
        _ output: Int32,
        _ errors: Int32
    ) throws(SSHError) -> Int32 {
        // Who has closed standard input and the like would have them here, and one would be put over the other.
        guard min(output, errors) > STDERR_FILENO else { throw SSHError(.system, "standard descriptors are closed") }
        // EINVAL: a kernel that knows no such capabilities.
        guard clear_ambient_capabilities() == 0 || errno == EINVAL else {
            throw SSHError(.system, "capabilities cannot be given up")
        }
        var program = ProgramStart(path, arguments, environment: environment)
        program.descriptors = [(output, STDOUT_FILENO), (errors, STDERR_FILENO)]
        program.nullDescriptors = [(STDIN_FILENO, O_RDONLY)]
        program.closesFrom = STDERR_FILENO + 1
        program.defaultSignals = .all
        program.unblocksSignals = true
        program.leadsSession = true
        program.folder = "/"
        do throws(SystemError) { return try program.start() } catch { throw SSHError(.system, "\(error)") }
    }

    /// It and whatever it has started, unless that has left its process group.
    package func kill() {
        _ = Glibc.kill(-self.identifier, SIGKILL)
    }

    /// What became of it, once; nil while it runs.
    package func ending() -> ProcessEnding? { ProcessEnding.now(of: self.identifier) }
}

/// Both ends belong to us alone, whoever starts a program at the same time.
private struct Pipe {
    let beginning: Int32
    let end: Int32

    init() throws(SSHError) {
        var descriptors: [Int32] = [-1, -1]
        guard pipe2(&descriptors, O_CLOEXEC) == 0 else { throw SSHError(.system, "\(SystemError())") }
        (self.beginning, self.end) = (descriptors[0], descriptors[1])
    }

    func closeBeginning() { close(self.beginning) }
    func closeEnd() { close(self.end) }
}
