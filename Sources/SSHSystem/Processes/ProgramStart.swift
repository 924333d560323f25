import CSpawn
import Glibc

/// A program to be started, and what of this process it gets: nothing but what stands here, and the descriptors that exec(2) leaves open.
package struct ProgramStart {
    /// Which signals the program finds as the system has them, whatever they are here: ignored ones would stay so.
    package enum DefaultSignals {
        case all
        case only([Int32])
    }

    /// POSIX_SPAWN_SETSID of <spawn.h>: Swift does not see it.
    private static let newSession: Int16 = 0x80

    /// An absolute path.
    package var path: String
    /// The first is the program's name.
    package var arguments: [String]
    /// `NAME=value`, all that there is.
    package var environment: [String]
    /// What the program gets, by the numbers that it has there.
    package var descriptors: [(from: Int32, to: Int32)] = []
    /// The program's descriptors that are /dev/null, to be read or written as the flags of open(2) say.
    package var nullDescriptors: [(descriptor: Int32, flags: Int32)] = []
    /// All descriptors from this number on are closed there.
    package var closesFrom: Int32?
    package var defaultSignals = DefaultSignals.only([])
    /// No signal is blocked there.
    package var unblocksSignals = false
    /// The program leads a session and a process group of its own, without a terminal.
    package var leadsSession = false
    /// Where the program starts; nil for here.
    package var folder: String?

    package init(_ path: String, _ arguments: [String], environment: [String] = Self.ownEnvironment) {
        self.path = path
        self.arguments = arguments
        self.environment = environment
    }

    /// `NAME=value`, as this process has it now.
    package static var ownEnvironment: [String] {
        var variables: [String] = []
        var next = environ
        while let variable = next.pointee {
            variables.append(String(cString: variable))
            next += 1
        }
        return variables
    }

    /// - Returns: the process.
    package func start() throws(SystemError) -> Int32 {
        var attributes = posix_spawnattr_t()
        var files = posix_spawn_file_actions_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        posix_spawn_file_actions_init(&files)
        defer { posix_spawn_file_actions_destroy(&files) }
        // Without memory for one of the steps nothing may be started.
        let steps = self.prepare(&attributes) + self.prepare(&files)
        if let failure = steps.first(where: { $0 != 0 }) { throw SystemError(failure) }
        var argv: [UnsafeMutablePointer<CChar>?] = self.arguments.map { strdup($0) } + [nil]
        defer { for argument in argv { free(argument) } }
        var envp: [UnsafeMutablePointer<CChar>?] = self.environment.map { strdup($0) } + [nil]
        defer { for variable in envp { free(variable) } }
        var process = pid_t()
        let status = posix_spawn(&process, self.path, &files, &attributes, &argv, &envp)
        guard status == 0 else { throw SystemError(status) }
        return process
    }

    private func prepare(_ attributes: inout posix_spawnattr_t) -> [Int32] {
        var (none, signals) = (sigset_t(), sigset_t())
        sigemptyset(&none)
        sigemptyset(&signals)
        switch self.defaultSignals {
        case .all: sigfillset(&signals)
        case .only(let numbers): for number in numbers { sigaddset(&signals, number) }
        }
        var flags = Int16(POSIX_SPAWN_SETSIGDEF)
        if self.unblocksSignals { flags |= Int16(POSIX_SPAWN_SETSIGMASK) }
        if self.leadsSession { flags |= Self.newSession }
        return [
            posix_spawnattr_setsigdefault(&attributes, &signals),
            posix_spawnattr_setsigmask(&attributes, &none),
            posix_spawnattr_setflags(&attributes, flags),
        ]
    }

    private func prepare(_ files: inout posix_spawn_file_actions_t) -> [Int32] {
        var steps: [Int32] = []
        for (from, to) in self.descriptors { steps.append(posix_spawn_file_actions_adddup2(&files, from, to)) }
        for (descriptor, flags) in self.nullDescriptors {
            steps.append(posix_spawn_file_actions_addopen(&files, descriptor, "/dev/null", flags, 0))
        }
        if let first = self.closesFrom { steps.append(posix_spawn_file_actions_addclosefrom_np(&files, first)) }
        if let folder = self.folder { steps.append(posix_spawn_file_actions_addchdir_np(&files, folder)) }
        return steps
    }
}
