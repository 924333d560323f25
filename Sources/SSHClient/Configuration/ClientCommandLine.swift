/// What stood on the command line.
///
/// ssh's grammar (bundled flags, attached values, options again after the host, then a command that is not parsed at all)
/// is what people's fingers and scripts know, and no argument library parses it; hence this one of our own.
public struct ClientCommandLine: Sendable {
    /// Which configuration files are read.
    public enum ConfigurationFile: Hashable, Sendable {
        /// ~/.ssh/config, then the system's.
        case standard
        /// `-F file`.
        case only(String)
        /// `-F none`.
        case none
    }

    public var host: String
    /// Words after the host; the relay's peers run no commands, but stock servers do.
    public var command: [String] = []
    public var configurationFile: ConfigurationFile = .standard
    /// `-o` and the flags that stand for keywords.
    public var options = ConfigurationOptions()
    /// `-G`: print the configuration and exit.
    public var printsConfiguration = false
    /// `-E`: where log lines go instead of standard error.
    public var logFile: String?
    /// How often `-v` was given.
    public var verbosity = 0
    public var warnings: [String] = []

    /// What the command line asks for.
    public enum Request: Sendable {
        case connect(ClientCommandLine)
        /// `-V`.
        case version
        /// `-Q`: print the algorithms of one kind.
        case query(String)
        /// `--status`: say how running programs are doing, that of one Host or all.
        case status(host: String?, printsJSON: Bool)
        /// `--service`: keep the tunnels of a Host up.
        ///
        /// - Parameter arguments: all of the command line but for `--service` and its word.
        case service(ServiceAction, ClientCommandLine, arguments: [String])
    }

    /// The command line that reaches one jump host on the way to another: the target's own options do not apply to it,
    /// only the configuration file and the verbosity do.
    public func forJump(to hop: JumpHost, through earlier: [JumpHost], target: ForwardTarget) -> ClientCommandLine {
        var line = ClientCommandLine(host: hop.host)
        line.configurationFile = self.configurationFile
        line.logFile = self.logFile
        line.verbosity = self.verbosity
        if self.verbosity > 0 { line.options.logLevel = self.options.logLevel }
        line.options.user = hop.user
        line.options.userIsLiteral = true
        line.options.port = hop.port
        line.options.proxy = earlier.isEmpty ? nil : .jump(earlier)
        line.options.standardInputForward = target
        line.options.sessionType = SessionType.none
        return line
    }

    init(host: String) {
        self.host = host
    }
}

/// What is to become of the service that keeps a Host's tunnels up.
public enum ServiceAction: String, Sendable {
    case install
    case remove
    case status
}

/// A command line that cannot be understood: one line, then the usage, exit status 255.
public struct UsageError: Error, CustomStringConvertible {
    public let reason: String

    package init(reason: String) {
        self.reason = reason
    }

    public var description: String { self.reason }
}

extension ClientCommandLine {
    public static let usage = """
        usage: swssh [-46CfGgNnqTtVv] [-B bind_interface] [-b bind_address]
                     [-c cipher_spec] [-D [bind_address:]port] [-E log_file] [-F configfile]
                     [-i identity_file] [-J [user@]host[:port]] [-L address]
                     [-l login_name] [-m mac_spec] [-o option] [-P tag] [-p port]
                     [-Q query_option] [-R address] [-W host:port]
                     destination [command [argument ...]]
               swssh --status [--json] [destination]
               swssh --service install|remove|status [option ...] destination
               swssh --init | --get-key | --add-host host port key | --add-client key
        """
}
