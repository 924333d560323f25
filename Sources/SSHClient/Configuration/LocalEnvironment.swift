import Glibc
import SSHSystem
import SSHWire

/// What ssh_config's tokens and default paths say about the local user and machine; passed in so that tests choose it.
public struct LocalEnvironment: Sendable {
    public var userName: String
    public var userID: UInt32
    /// The home directory from the password database, which ssh prefers to $HOME.
    public var homeDirectory: String
    public var hostName: String
    public var systemConfigurationFile = "/etc/ssh/ssh_config"
    /// Whether systemd started this program as a service, or a script that it started did.
    public var isService = false
    public var variable: @Sendable (String) -> String?
    /// Of the interfaces that are up, as numbers; asked only by `Match localnetwork`.
    package var interfaceAddresses: @Sendable () -> [String] = { InterfaceAddresses.current() }

    public init(
        userName: String,
        userID: UInt32,
        homeDirectory: String,
        hostName: String,
        variable: @escaping @Sendable (String) -> String?
    ) {
        self.userName = userName
        self.userID = userID
        self.homeDirectory = homeDirectory
        self.hostName = hostName
        self.variable = variable
    }

    /// Asks the operating system. Call it once at the start: the password database's calls are not for many threads.
    public static func current() throws -> LocalEnvironment {
        let identifier = getuid()
        guard let entry = getpwuid(identifier) else {
            throw SSHError(.system, "No user exists for uid \(identifier)")
        }
        var name = [CChar](repeating: 0, count: 256)
        let host = gethostname(&name, name.count - 1) == 0 ? name.prefix { $0 != 0 } : []
        var environment = LocalEnvironment(
            userName: String(cString: entry.pointee.pw_name),
            userID: identifier,
            homeDirectory: String(cString: entry.pointee.pw_dir),
            hostName: String(decoding: host.map(UInt8.init(bitPattern:)), as: UTF8.self),
            variable: { name in getenv(name).map { String(cString: $0) } }
        )
        // INVOCATION_ID is no sign: what runs in a terminal of a desktop has one, too.
        let service = environment.variable("SYSTEMD_EXEC_PID").flatMap(pid_t.init)
        environment.isService = service == getpid() || service == getppid()
        return environment
    }

    /// `~` and `~user` at the start of a path.
    func expandingTilde(_ path: String) throws -> String {
        guard path.first == "~" else { return path }
        let user = path.dropFirst().prefix { $0 != "/" }
        let rest = path.dropFirst(1 + user.count)
        if user.isEmpty { return self.homeDirectory + rest }
        guard let entry = getpwnam(String(user)) else {
            throw SSHError(.invalidConfiguration, "\(path): there is no user \(user)")
        }
        return String(cString: entry.pointee.pw_dir) + rest
    }
}
