import Glibc
import SSHClient
import SSHProtocol
import SSHWire

/// The program `swssh`: arguments in, exit status out.
enum ClientProgram {
    /// What ssh answers for every failure of its own.
    static let failure: Int32 = 255

    /// - Parameter arguments: without the program's name.
    static func run(arguments: [String]) async -> Int32 {
        // A peer that is gone while we write is an error of that write, no reason to die.
        signal(SIGPIPE, SIG_IGN)
        do {
            let environment = try LocalEnvironment.current()
            if let command = try OwnFilesCommand(arguments) { return try command.run(environment) }
            switch try ClientCommandLine.parse(arguments, environment: environment) {
            case .version:
                let version = EngineConfiguration(role: .client).softwareVersion
                ClientLog.write("swssh 0.1, protocol 2.0, \(version)\n", to: STDERR_FILENO)
                return 0
            case .query(let kind):
                return self.answer(query: kind)
            case .status(let host, let printsJSON):
                return StatusQuery(host: host, printsJSON: printsJSON).run(environment)
            case .service(let action, let line, let rest):
                return try ServiceCommand(action: action, line: line, arguments: rest, environment: environment).run()
            case .connect(let line):
                return try await self.connect(line, environment, arguments)
            }
        } catch let error as UsageError {
            ClientLog.standard.error(error.reason)
            ClientLog.write(ClientCommandLine.usage + "\n", to: STDERR_FILENO)
        } catch {
            ClientLog.standard.error(SystemReason.of(error))
        }
        return self.failure
    }

    private static func connect(
        _ line: ClientCommandLine,
        _ environment: LocalEnvironment,
        _ arguments: [String]
    ) async throws -> Int32 {
        let isChild = Background.isChild
        let configuration = try ClientConfiguration.load(line, environment: environment)
        if line.printsConfiguration {
            print(configuration.printedLines.joined(separator: "\n"))
            return 0
        }
        let log = try ClientLog(level: configuration.logLevel, file: line.logFile)
        do {
            // The parent has said it all.
            if !isChild {
                for warning in configuration.warnings { log.info(warning) }
                if let notice = configuration.missedNotice { log.info(notice) }
                try SessionRules.check(line, configuration, log)
            }
            if configuration.forkAfterAuthentication, !isChild {
                return try Background.startChild(arguments)
            }
            let client = Client(line: line, environment: environment, configuration: configuration, log: log)
            return try await client.run()
        } catch {
            self.tell(error, log)
            return self.failure
        }
    }

    private static func tell(_ error: any Error, _ log: ClientLog) {
        guard let failure = error as? ClientFailure else { return log.error(SystemReason.of(error)) }
        for line in failure.lines { log.fatal(line) }
        for line in failure.explanation { log.error(line) }
    }

    /// `-Q`: one name on a line.
    private static func answer(query: String) -> Int32 {
        guard let names = AlgorithmQuery.names(query) else {
            ClientLog.standard.fatal("Unsupported query \"\(query)\"")
            return self.failure
        }
        if !names.isEmpty { print(names.joined(separator: "\n")) }
        return 0
    }
}

extension ClientConfiguration {
    /// The configuration of this program, with everything it has.
    static func load(_ line: ClientCommandLine, environment: LocalEnvironment) throws -> ClientConfiguration {
        try .load(
            line,
            environment: environment,
            algorithms: .all,
            matchExecutor: {
                try ClientPrograms.succeeds(shellCommand: $0, environment: environment, signals: EndSignals.numbers)
            }
        )
    }
}
