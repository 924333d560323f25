import Glibc
import SSHCrypto
import SSHProtocol
import SSHWire

/// The program `swssh`: arguments in, exit status out.
public enum ClientProgram {
    /// What ssh answers for every failure of its own.
    static let failure: Int32 = 255

    /// - Parameter arguments: without the program's name.
    public static func run(arguments: [String]) async -> Int32 {
        // A peer that is gone while we write is an error of that write, no reason to die.
        signal(SIGPIPE, SIG_IGN)
        do {
            let environment = try LocalEnvironment.current()
            switch try ClientCommandLine.parse(arguments, environment: environment) {
            case .version:
                let version = EngineConfiguration(role: .client).softwareVersion
                ClientLog.write("swssh 0.1, protocol 2.0, \(version)\n", to: STDERR_FILENO)
                return 0
            case .query(let kind):
                return self.answer(query: kind)
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
                try SessionRules.check(line, configuration, log)
            }
            if configuration.forkAfterAuthentication, !isChild {
                return try Background.startChild(arguments)
            }
            let client = Client(line: line, environment: environment, configuration: configuration, log: log)
            return try await client.run()
        } catch {
            log.error(SystemReason.of(error))
            return self.failure
        }
    }

    /// `-Q`: one name on a line.
    private static func answer(query: String) -> Int32 {
        let algorithms = AlgorithmPreferences()
        let names: [String]
        switch query.lowercased() {
        case "cipher", "ciphers": names = algorithms.ciphers.map(\.rawValue)
        case "cipher-auth": names = algorithms.ciphers.filter(\.isAuthenticated).map(\.rawValue)
        case "mac", "macs": names = algorithms.macs.map(\.rawValue)
        case "kex", "kexalgorithms": names = KeyExchangeAlgorithm.allCases.map(\.rawValue)
        case "hostkeyalgorithms", "key", "key-plain", "sig": names = algorithms.hostKey
        case "pubkeyacceptedalgorithms": names = AlgorithmPreferences.userKeySignatures
        case "compression": names = ["none"]
        case "protocol-version": names = ["2"]
        case "help":
            names = [
                "cipher", "cipher-auth", "compression", "kex", "key", "mac", "protocol-version", "sig",
                "HostKeyAlgorithms", "PubkeyAcceptedAlgorithms",
            ]
        default:
            ClientLog.standard.error("Unsupported query \"\(query)\"; -Q help lists them")
            return self.failure
        }
        print(names.joined(separator: "\n"))
        return 0
    }
}

extension SupportedAlgorithms {
    /// Everything this program has, in its order of preference.
    public static let all: SupportedAlgorithms = {
        let algorithms = AlgorithmPreferences()
        return SupportedAlgorithms(
            ciphers: algorithms.ciphers.map(\.rawValue),
            macs: algorithms.macs.map(\.rawValue),
            kexAlgorithms: algorithms.keyExchange.map(\.rawValue),
            kexAlgorithmsByName: KeyExchangeAlgorithm.allCases.filter(\.isByNameOnly).map(\.rawValue),
            hostKeyAlgorithms: AlgorithmPreferences.hostCertificates + algorithms.hostKey,
            pubkeyAcceptedAlgorithms: AlgorithmPreferences.userKeySignatures
        )
    }()
}

extension ClientConfiguration {
    /// The configuration of this program, with everything it has.
    static func load(_ line: ClientCommandLine, environment: LocalEnvironment) throws -> ClientConfiguration {
        try .load(
            line,
            environment: environment,
            algorithms: .all,
            matchExecutor: { try ChildProcess.succeeds(shellCommand: $0, environment: environment) }
        )
    }
}
