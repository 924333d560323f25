import ArgumentParser
import Glibc
import Logging
import SSHConfiguration
import SSHForwarding
import SSHServer
import SSHSystem
import SSHWire
import UnixSignals

/// sshd's flags, as far as they mean something here.
struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Serve SSH connections (the default).",
        helpNames: .long
    )

    @Option(
        name: .customShort("f"),
        parsing: .unconditional,
        help: "The configuration file, in sshd_config's format, or none."
    )
    var configurationFile = "/etc/relay/relay_config"

    @Flag(name: .customShort("D"), help: "Stay in the foreground.")
    var staysInForeground = false

    @Flag(name: .customShort("e"), help: "Log to standard error instead of the system's log.")
    var logsToStandardError = false

    @Option(name: .customShort("E"), parsing: .unconditional, help: "Log to a file instead of the system's log.")
    var logFile: String?

    @Flag(name: .customShort("i"), help: "Serve the one connection that standard input and output are.")
    var servesStandardStreams = false

    @Flag(name: .customShort("t"), help: "Check the configuration and the host keys, and exit.")
    var checks = false

    @Flag(name: .customShort("T"), help: "Print the effective configuration, and exit.")
    var prints = false

    @Option(
        name: .customShort("C"),
        parsing: .unconditionalSingleValue,
        help: "With -T: the connection to apply Match to, e.g. user=a,host=b,addr=192.0.2.1,laddr=192.0.2.2,lport=22."
    )
    var connections: [String] = []

    @Flag(name: .customShort("d"), help: "Log everything, and stay in the foreground.")
    var debugs = false

    @Flag(name: .customShort("q"), help: "Log nothing but what ends the relay.")
    var isQuiet = false

    @Option(
        name: .customShort("o"),
        parsing: .unconditionalSingleValue,
        help: "A line of the configuration, before the file's."
    )
    var options: [String] = []

    @Option(
        name: .customShort("p"),
        parsing: .unconditionalSingleValue,
        help: "A port to listen on, instead of the file's."
    )
    var ports: [String] = []

    @Option(name: .customShort("g"), parsing: .unconditional, help: "LoginGraceTime, instead of the file's.")
    var loginGraceTime: String?

    @Flag(name: .customShort("4"), help: "Use IPv4 only.")
    var usesIPv4 = false

    @Flag(name: .customShort("6"), help: "Use IPv6 only.")
    var usesIPv6 = false

    @Flag(name: .customShort("G"), help: "Print the effective configuration, and exit; as -T, without -C.")
    var dumps = false

    @Option(
        name: .customShort("h"),
        parsing: .unconditionalSingleValue,
        help: "A host key file, instead of the file's."
    )
    var hostKeys: [String] = []

    @Option(
        name: .customShort("c"),
        parsing: .unconditionalSingleValue,
        help: "A host certificate file, instead of the file's."
    )
    var hostCertificates: [String] = []

    @Flag(name: .customShort("V"), help: "Print the version, and exit.")
    var printsVersion = false

    func run() async throws {
        if self.printsVersion { return print(RelayVersion.text) }
        do {
            try await self.serve()
        } catch let error as SSHError {
            throw ReportedFailure.failure(error)
        }
    }

    private func serve() async throws {
        guard self.prints || self.dumps || self.connections.isEmpty else {
            throw SSHError(.invalidConfiguration, "-C is for -T only")
        }
        ProcessMemory.keepForReuse(16 * 1024 * 1024)
        // A client that closes while we write is an error of that write, no reason to die.
        signal(SIGPIPE, SIG_IGN)
        // They mean nothing here, and what means nothing ends no tunnel.
        for number in [SIGUSR1, SIGUSR2, SIGALRM, SIGVTALRM, SIGPROF, SIGIO, SIGPWR] { signal(number, SIG_IGN) }
        // Or it would not be heard how a command ended.
        signal(SIGCHLD, SIG_DFL)
        let configuration = try self.load()
        if self.prints || self.dumps {
            let facts = try ConnectionFacts(specifications: self.connections)
            return print(configuration.effectiveLines(for: facts).joined(separator: "\n"))
        }
        let logger = try self.makeLogger(configuration)
        for warning in configuration.warnings { logger.warning("\(warning)") }
        if self.checks {
            for line in configuration.summary { print(line) }
            try configuration.checkCommandUsers(runningAs: geteuid())
            for problem in try configuration.checkFiles() { logger.warning("\(problem)") }
            guard !HostKeys.isMissing(configuration) else {
                return logger.warning("there is no host key yet: `relay keygen` makes one")
            }
        }
        let mayServe = !self.checks && (self.staysInForeground || self.debugs)
        let server = try RelayServer(
            configuration: configuration,
            logger: logger,
            sockets: mayServe ? InheritedSocket.takeAll() : [],
            serviceEnvironment: mayServe ? { name in getenv(name).map { String(cString: $0) } } : nil
        ) {
            let configuration = try self.load()
            return (configuration, try self.makeLogger(configuration))
        }
        if self.checks { return }
        if self.servesStandardStreams {
            DescriptorLimit.raise()
            // ssh hangs up on its ProxyCommand; the connection's end is what ends us, with its lines in the log.
            signal(SIGHUP, SIG_IGN)
            try await server.serveStandardStreams()
            // sshd's status for a connection that has ended, in whatever way.
            throw ExitCode(255)
        }
        if !mayServe {
            // Before everything that ends the options.
            var arguments = CommandLine.arguments
            arguments.insert("-D", at: arguments.dropFirst().first == "serve" ? 2 : 1)
            return try Background.run(arguments, keepsStandardError: self.logsToStandardError)
        }
        DescriptorLimit.raise()
        let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint, .sigquit, .sighup)
        let listening = Task {
            for await signal in signals {
                if signal == .sighup {
                    server.reload()
                } else {
                    server.stop(signal: signal == .sigint ? SIGINT : signal == .sigquit ? SIGQUIT : SIGTERM)
                }
            }
        }
        defer { listening.cancel() }
        try await server.run()
    }

    private func load() throws -> ServerConfiguration {
        // Those that stand for a keyword's value come before -o: there is no going over them.
        var options: [String] = []
        if self.usesIPv4 || self.usesIPv6 { options.append("AddressFamily=\(self.usesIPv6 ? "inet6" : "inet")") }
        if let time = self.loginGraceTime { options.append("LoginGraceTime=\(time)") }
        return try ServerConfiguration.load(
            file: self.configurationFile.lowercased() == "none" ? nil : self.configurationFile,
            options: options + self.hostKeys.map { "HostKey=\($0)" }
                + self.hostCertificates.map { "HostCertificate=\($0)" }
                + self.options,
            ports: try self.ports.map { try ServerConfiguration.port(argument: $0) },
            supported: .all
        )
    }

    private func makeLogger(_ configuration: ServerConfiguration) throws -> Logger {
        try RelayLog.make(
            destination: self.logDestination,
            format: configuration.logFormat,
            level: self.debugs ? .debug3 : self.isQuiet ? .quiet : configuration.defaults.logLevel,
            facility: configuration.syslogFacility
        )
    }

    /// sshd's tokens in -E: %p is the process, %P the program's name.
    private static func expanded(_ path: String) -> String {
        PercentPiece.split(path).map { piece in
            switch piece {
            case .text(let text): text
            case .token("p"): "\(getpid())"
            case .token("P"): "sshd"
            case .token("%"), .token(nil): "%"
            // Nothing that stands for something.
            case .token(let letter?): "%\(letter)"
            }
        }.joined()
    }

    private var logDestination: LogDestination {
        if let file = self.logFile { return .file(Self.expanded(file)) }
        if self.logsToStandardError || self.debugs || self.checks { return .standardError }
        return .ofService { name in getenv(name).map { String(cString: $0) } }
    }
}
