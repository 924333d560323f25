import Glibc
import SSHSystem
import SSHWire

/// Walks over the arguments as getopt(3) does for ssh, and gives each option to `ClientCommandLine`.
struct CommandLineParser {
    private var arguments: ArraySlice<String>
    private let environment: LocalEnvironment
    private var line = ClientCommandLine(host: "")
    private var otherRequest: ClientCommandLine.Request?
    private var longOptions = LongOptions()
    private let allArguments: [String]

    /// ssh's options that take a value.
    private static let optionsWithValue = Set("BbcDEeFIiJLlmOoPpQRSWw")

    init(_ arguments: [String], environment: LocalEnvironment) {
        self.arguments = arguments[...]
        self.allArguments = arguments
        self.environment = environment
    }

    mutating func parse() throws -> ClientCommandLine.Request {
        let hostMustFollow = try self.parseOptions()
        let needsHost = self.otherRequest == nil && !self.longOptions.asksForStatus
        guard needsHost || !self.arguments.isEmpty else { return try self.finished() }
        guard let text = self.arguments.popFirst() else { throw UsageError(reason: "no destination") }
        guard let destination = Destination(text) else { throw UsageError(reason: "bad destination '\(text)'") }
        self.line.host = destination.host
        self.setUser(destination.user)
        self.line.options.port = self.line.options.port ?? destination.port
        // Options may follow the host, unless `--` ended them.
        if !hostMustFollow { _ = try self.parseOptions() }
        self.line.command = Array(self.arguments)
        try NameRules.check(host: self.line.host, user: self.line.options.user)
        return try self.finished()
    }

    private func finished() throws -> ClientCommandLine.Request {
        if let otherRequest = self.otherRequest { return otherRequest }
        return try self.longOptions.request(self.line, self.allArguments) ?? .connect(self.line)
    }

    /// - Returns: true if `--` ended the options.
    private mutating func parseOptions() throws -> Bool {
        while let argument = self.arguments.first, argument.first == "-", argument != "-" {
            let place = self.arguments.startIndex
            self.arguments.removeFirst()
            if argument == "--" { return true }
            if argument.hasPrefix("--") {
                try self.longOptions.apply(argument, at: place) { self.arguments.popFirst() }
                continue
            }
            var bundle = argument.dropFirst()
            while let option = bundle.popFirst() {
                guard Self.optionsWithValue.contains(option) else {
                    try self.apply(option)
                    continue
                }
                let value = bundle.isEmpty ? self.arguments.popFirst() : String(bundle)
                guard let value else { throw UsageError(reason: "option requires an argument -- \(option)") }
                try self.apply(option, value)
                break
            }
        }
        return false
    }

    private mutating func apply(_ option: Character) throws {
        switch option {
        case "4": self.line.options.addressFamily = .inet
        case "6": self.line.options.addressFamily = .inet6
        case "f":
            self.line.options.forkAfterAuthentication = true
            self.line.options.standardInputIsNull = true
        case "G": self.line.printsConfiguration = true
        case "g": self.line.options.gatewayPorts = true
        case "N":
            if let type = self.line.options.sessionType, type != .none {
                throw SSHError(.invalidConfiguration, "Cannot specify -N with -s/SessionType")
            }
            self.line.options.sessionType = SessionType.none
        case "n": self.line.options.standardInputIsNull = true
        case "q": self.line.options.logLevel = .quiet
        case "T": self.line.options.requestTTY = .no
        case "t": self.line.options.requestTTY = self.line.options.requestTTY == .yes ? .force : .yes
        case "V": self.otherRequest = .version
        case "v":
            self.line.verbosity += self.line.verbosity < 3 ? 1 : 0
            self.line.options.logLevel = (self.line.options.logLevel ?? .info).raised
        case "2", "a", "k", "x", "y":
            // They ask for what is so anyway, or switch off or move to syslog what is not here.
            break
        case "A", "C", "K", "X", "Y":
            self.line.warnings.append("option -\(option) is not supported and has no effect")
        case "M", "s":
            throw SSHError(.invalidConfiguration, "option -\(option) is not supported")
        default:
            throw UsageError(reason: "unknown option -- \(option)")
        }
    }

    private mutating func apply(_ option: Character, _ value: String) throws {
        switch option {
        case "B": self.line.options.bindInterface = value
        case "b": self.line.options.bindAddress = value
        case "c": self.line.options.ciphers = try Self.algorithms(value, "Unknown cipher type '\(value)'")
        case "m": self.line.options.macs = try Self.algorithms(value, "Unknown mac type '\(value)'")
        case "D", "L", "R": try self.applyForward(option, try TokenExpansion.variables(value, in: self.environment))
        case "W":
            guard self.line.options.standardInputForward == nil else {
                throw SSHError(.invalidConfiguration, "stdio forward already specified")
            }
            self.line.options.standardInputForward = try ForwardTarget(standardInputForward: value)
            self.line.options.requestTTY = .no
            self.line.options.sessionType = SessionType.none
        case "J": try self.applyJump(value)
        case "E": self.line.logFile = value
        case "F": self.line.configurationFile = value.lowercased() == "none" ? .none : .only(value)
        case "i": try self.applyIdentity(value)
        case "l": self.setUser(value)
        case "p":
            guard let port = PortNumber.parse(value), port > 0 else {
                throw SSHError(.invalidConfiguration, "Bad port '\(value)'")
            }
            self.line.options.port = self.line.options.port ?? port
        case "o": try self.applyKeyword(value)
        case "P": self.line.options.silent["tag"] = self.line.options.silent["tag"] ?? [value]
        case "Q": self.otherRequest = .query(value)
        case "e": break
        // Connections are not shared here.
        case "S" where value.lowercased() == "none": break
        default: throw SSHError(.invalidConfiguration, "option -\(option) is not supported")
        }
    }

    /// A file that is missing here is forgotten, so that the default identity is tried in its place.
    private mutating func applyIdentity(_ value: String) throws {
        let path = try self.environment.expandingTilde(value)
        var status = stat()
        guard stat(path, &status) == 0 else {
            let error = SystemError()
            return self.line.warnings.append("Warning: Identity file \(path) not accessible: \(error).")
        }
        self.line.options.addIdentity(path)
    }

    private mutating func setUser(_ user: String?) {
        guard self.line.options.user == nil, let user else { return }
        self.line.options.user = user
        self.line.options.userIsLiteral = true
    }

    private mutating func applyForward(_ option: Character, _ value: String) throws {
        switch option {
        case "L": self.line.options.localForwards.appendIfNew(try ForwardSpecification(local: value))
        case "R": self.line.options.remoteForwards.appendIfNew(try ForwardSpecification(remote: value))
        default: self.line.options.dynamicForwards.appendIfNew(try ForwardSpecification(dynamic: value))
        }
    }

    private mutating func applyJump(_ value: String) throws {
        switch self.line.options.proxy {
        case .jump:
            throw SSHError(
                .invalidConfiguration,
                "Only a single -J option is permitted (use commas to separate multiple jump hops)"
            )
        case .command:
            throw SSHError(.invalidConfiguration, "Cannot specify -J with ProxyCommand")
        case .direct, nil:
            break
        }
        guard let hosts = try? JumpHost.parseList(value) else {
            throw SSHError(.invalidConfiguration, "Invalid -J argument '\(value)'")
        }
        if hosts.isEmpty {
            self.line.options.isProxyJumpNone = true
        } else if self.line.options.proxy == nil {
            self.line.options.proxy = .jump(hosts)
        }
    }

    private static func algorithms(_ value: String, _ failure: String) throws -> AlgorithmSpecification {
        guard let specification = AlgorithmSpecification(value) else {
            throw SSHError(.invalidConfiguration, failure)
        }
        return specification
    }

    /// `-o Keyword=value`, with the grammar of the files.
    private mutating func applyKeyword(_ text: String) throws {
        guard var line = try ConfigurationLine(text.utf8, file: "command-line", number: 0) else { return }
        var reader = ConfigurationReader(
            environment: self.environment,
            originalHost: self.line.host,
            host: self.line.host,
            isFinalPass: false,
            matchExecutor: nil,
            options: self.line.options
        )
        guard let keyword = Keyword.byName[line.keyword] else { return try reader.acceptUnknown(line) }
        switch keyword.meaning {
        case .host, .match, .include:
            throw line.failure("\(keyword.name) cannot be given with -o; put it into a file for -F")
        case .option, .ignored, .unsupported:
            try reader.apply(keyword, &line, isActive: true)
            self.line.options = reader.options
            self.line.warnings += reader.warnings
        }
    }
}

extension ClientCommandLine {
    /// Parses the arguments after the program's name.
    ///
    /// - Throws: `UsageError` if they are no command line, `SSHError` if a value is wrong; the exit status is 255 for both.
    public static func parse(_ arguments: [String], environment: LocalEnvironment) throws -> Request {
        var parser = CommandLineParser(arguments, environment: environment)
        return try parser.parse()
    }
}
