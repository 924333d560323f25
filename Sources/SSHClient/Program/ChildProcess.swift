package import Glibc
import SSHWire

/// Programs that this one starts: ProxyCommand, `Match exec`, itself in the background.
package enum ChildProcess {
    /// - Parameters:
    ///   - signals: which of those that this process ignores it is to hear of; SIGPIPE always.
    ///   - descriptors: what the child gets, by the number it has there; standard error is inherited.
    ///   - variables: added to the environment.
    /// - Throws: `system`.
    package static func start(
        _ program: String,
        _ arguments: [String],
        signals heard: [Int32],
        descriptors: [(from: Int32, to: Int32)] = [],
        variables: [String] = []
    ) throws -> pid_t {
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // What is ignored here would be ignored there.
        var signals = sigset_t()
        sigemptyset(&signals)
        for number in [SIGPIPE] + heard { sigaddset(&signals, number) }
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF))
        var files = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&files)
        defer { posix_spawn_file_actions_destroy(&files) }
        for (from, to) in descriptors { posix_spawn_file_actions_adddup2(&files, from, to) }
        var words: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        defer { for word in words { free(word) } }
        var settings: [UnsafeMutablePointer<CChar>?] = variables.map { strdup($0) }
        defer { for setting in settings { free(setting) } }
        var inherited = environ
        while let setting = inherited.pointee {
            settings.append(strdup(setting))
            inherited += 1
        }
        settings.append(nil)
        var process = pid_t()
        let status = posix_spawn(&process, program, &files, &attributes, &words, &settings)
        guard status == 0 else {
            throw SSHError(.system, "cannot run \(arguments.first ?? program): \(SystemError(status))")
        }
        return process
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
    ) throws -> Bool {
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
        return try self.status(of: process) == 0
    }

    /// Waits for the end of a child.
    ///
    /// - Returns: its exit status; that of a child that a signal ended is 255.
    static func status(of process: pid_t) throws -> Int32 {
        let end = try self.end(of: process)
        return end.signal == nil ? end.status : 255
    }

    /// Waits for the end of a child: its exit status, or the signal that ended it.
    package static func end(of process: pid_t) throws -> (status: Int32, signal: Int32?) {
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0 {
            guard errno == EINTR else { throw SSHError(.system, "waiting for a child: \(SystemError())") }
        }
        return status & 0x7f == 0 ? (status >> 8 & 0xff, nil) : (0, status & 0x7f)
    }
}
