import Glibc
package import SSHSystem
package import SSHWire

/// Programs that this one starts: ProxyCommand, `Match exec`, itself in the background.
package enum ClientPrograms {
    /// - Parameters:
    ///   - signals: which of those that this process ignores it is to hear of; SIGPIPE always.
    ///   - descriptors: what the child gets, by the number it has there; standard error is inherited.
    ///   - variables: added to the environment.
    /// - Returns: the process.
    /// - Throws: `system`.
    package static func start(
        _ program: String,
        _ arguments: [String],
        signals: [Int32],
        descriptors: [(from: Int32, to: Int32)] = [],
        variables: [String] = []
    ) throws(SSHError) -> Int32 {
        var start = ProgramStart(program, arguments, environment: variables + ProgramStart.ownEnvironment)
        start.descriptors = descriptors
        // What is ignored here would be ignored there.
        start.defaultSignals = .only([SIGPIPE] + signals)
        do throws(SystemError) {
            return try start.start()
        } catch {
            throw SSHError(.system, "cannot run \(arguments.first ?? program): \(error)")
        }
    }

    /// The user's shell, which ssh gives its commands to.
    package static func shell(_ environment: LocalEnvironment) -> String {
        guard let shell = environment.variable("SHELL"), !shell.isEmpty else { return "/bin/sh" }
        return shell
    }

    /// Runs a command of `Match exec` to its end.
    package static func succeeds(
        shellCommand: String,
        environment: LocalEnvironment,
        signals: [Int32]
    ) throws(SSHError) -> Bool {
        let shell = self.shell(environment)
        let null = open("/dev/null", O_RDWR | O_CLOEXEC)
        guard null >= 0 else { throw SSHError(.system, "/dev/null: \(SystemError())") }
        defer { close(null) }
        let process = try self.start(
            shell,
            [shell, "-c", shellCommand],
            signals: signals,
            descriptors: [(null, STDIN_FILENO), (null, STDOUT_FILENO)]
        )
        return try self.end(of: process) == .exit(status: 0)
    }

    /// Waits for the end of a child.
    package static func end(of process: Int32) throws(SSHError) -> ProcessEnding {
        do throws(SystemError) {
            return try ProcessEnding.awaited(of: process)
        } catch {
            throw SSHError(.system, "waiting for a child: \(error)")
        }
    }
}
