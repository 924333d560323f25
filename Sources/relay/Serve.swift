import ArgumentParser
import Glibc
import Logging
import SSHForwarding
import SSHServer
import SSHWire
import UnixSignals

/// sshd's flags, as far as they mean something here.
struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Serve SSH connections (the default).",
        helpNames: .long
    )

    @Option(name: .customShort("f"), help: "The configuration file, in sshd_config's format.")
    var configurationFile = "/etc/relay/relay_config"

    @Flag(name: .customShort("D"), help: "Stay in the foreground.")
    var staysInForeground = false

    @Flag(name: .customShort("e"), help: "Log to standard error instead of the system's log.")
    var logsToStandardError = false

    @Option(name: .customShort("E"), help: "Log to a file instead of the system's log.")
    var logFile: String?

    @Flag(name: .customShort("i"), help: "Serve the one connection that standard input and output are.")
    var servesStandardStreams = false

    @Flag(name: .customShort("t"), help: "Check the configuration and the host keys, and exit.")
    var checks = false

    @Flag(name: .customShort("T"), help: "Print the effective configuration, and exit.")
    var prints = false

    @Option(
        name: .customShort("C"),
        parsing: .singleValue,
        help: "With -T: the connection to apply Match to, e.g. user=a,host=b,addr=192.0.2.1,laddr=192.0.2.2,lport=22."
    )
    var connections: [String] = []

    @Flag(name: .customShort("d"), help: "Log everything, and stay in the foreground.")
    var debugs = false

    @Flag(name: .customShort("q"), help: "Log nothing but what ends the relay.")
    var isQuiet = false

    @Option(name: .customShort("o"), parsing: .singleValue, help: "A line of the configuration, before the file's.")
    var options: [String] = []

    @Option(name: .customShort("p"), parsing: .singleValue, help: "A port to listen on, instead of the file's.")
    var ports: [UInt16] = []

    @Option(name: .customShort("h"), parsing: .singleValue, help: "A host key file, instead of the file's.")
    var hostKeys: [String] = []

    @Option(name: .customShort("c"), parsing: .singleValue, help: "A host certificate file, instead of the file's.")
    var hostCertificates: [String] = []

    @Flag(name: .customShort("V"), help: "Print the version, and exit.")
    var printsVersion = false

    func run() async throws {
        if self.printsVersion { return print(RelayVersion.text) }
        do {
            try await self.serve()
        } catch let error as SSHError {
            throw ReportedFailure.failure(
                "relay: \(error.reason)",
                status: error.code == .invalidConfiguration ? 255 : 1
            )
        }
    }

    private func serve() async throws {
        guard self.prints || self.connections.isEmpty else {
            throw SSHError(.invalidConfiguration, "-C is for -T only")
        }
        ProcessMemory.keepForReuse(16 * 1024 * 1024)
        // A client that closes while we write is an error of that write, no reason to die.
        signal(SIGPIPE, SIG_IGN)
        // Or it would not be heard how a command ended.
        signal(SIGCHLD, SIG_DFL)
        let configuration = try self.load()
        if self.prints {
            let facts = try ConnectionFacts(specifications: self.connections)
            return print(configuration.effectiveLines(for: facts).joined(separator: "\n"))
        }
        let logger = try self.makeLogger(configuration)
        for warning in configuration.warnings { logger.warning("\(warning)") }
        if self.checks {
            for line in configuration.summary { print(line) }
            try configuration.checkCommandUsers(runningAs: geteuid())
            guard !HostKeys.isMissing(configuration) else {
                return logger.warning("there is no host key yet: `relay keygen` makes one")
            }
        }
        let mayServe = !self.checks && (self.staysInForeground || self.debugs)
        let server = try RelayServer(
            configuration: configuration,
            logger: logger,
            sockets: mayServe ? InheritedSocket.takeAll() : [],
            notifier: mayServe ? ServiceNotifier { name in getenv(name).map { String(cString: $0) } } : nil
        ) {
            let configuration = try self.load()
            return (configuration, try self.makeLogger(configuration))
        }
        if self.checks { return }
        if self.servesStandardStreams {
            raiseDescriptorLimit()
            // ssh hangs up on its ProxyCommand; the connection's end is what ends us, with its lines in the log.
            signal(SIGHUP, SIG_IGN)
            return try await server.serveStandardStreams()
        }
        if !mayServe {
            return try Background.run(CommandLine.arguments + ["-D"], keepsStandardError: self.logsToStandardError)
        }
        raiseDescriptorLimit()
        let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint, .sighup)
        let listening = Task {
            for await signal in signals {
                if signal == .sighup {
                    server.reload()
                } else {
                    server.stop(signal: signal == .sigint ? SIGINT : SIGTERM)
                }
            }
        }
        defer { listening.cancel() }
        try await server.run()
    }

    private func load() throws -> ServerConfiguration {
        try ServerConfiguration.load(
            file: self.configurationFile,
            options: self.hostKeys.map { "HostKey=\($0)" } + self.hostCertificates.map { "HostCertificate=\($0)" }
                + self.options,
            ports: self.ports,
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

    private var logDestination: LogDestination {
        if let file = self.logFile { return .file(file) }
        if self.logsToStandardError || self.debugs || self.checks { return .standardError }
        return .ofService { name in getenv(name).map { String(cString: $0) } }
    }
}

/// Each tunnel holds two descriptors, so the soft limit of 1,024 would be the relay's.
private func raiseDescriptorLimit() {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
    limit.rlim_cur = limit.rlim_max
    _ = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
}
