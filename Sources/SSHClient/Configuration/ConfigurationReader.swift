import Glibc
import SSHConfiguration
import SSHSystem
import SSHWire

/// Reads ssh_config files into options: blocks, Include, and the first value of each keyword.
struct ConfigurationReader {
    let environment: LocalEnvironment
    let originalHost: String
    /// What `Host` compares with: the name as given, in the final pass the name after HostName.
    let host: String
    let isFinalPass: Bool
    /// The words behind the host, for `Match command`.
    let command: [String]
    /// nil: a `Match exec` that would have to be run is an error.
    let matchExecutor: ((String) throws -> Bool)?
    var options: ConfigurationOptions
    private(set) var wantsFinalPass = false
    private(set) var warnings: [String] = []

    private static let deepestInclude = 16
    /// Bytes.
    private static let largestFile = 4 << 20

    init(
        environment: LocalEnvironment,
        originalHost: String,
        host: String,
        isFinalPass: Bool,
        command: [String] = [],
        matchExecutor: ((String) throws -> Bool)?,
        options: ConfigurationOptions
    ) {
        self.environment = environment
        self.originalHost = originalHost
        self.host = host
        self.isFinalPass = isFinalPass
        self.command = command
        self.matchExecutor = matchExecutor
        self.options = options
    }

    /// Whose file it is: this decides what relative and `~` paths of Include mean.
    enum Owner { case user, system }

    struct Source {
        var path: String
        var owner: Owner
        /// A file that others can write could make this client connect elsewhere.
        var checksPermissions: Bool
        var depth = 0
    }

    /// - Returns: false if there is no such file.
    @discardableResult
    mutating func read(_ source: Source, isActive: Bool = true) throws -> Bool {
        guard source.depth <= Self.deepestInclude else {
            throw SSHError(.invalidConfiguration, "\(source.path): Too many recursive configuration includes")
        }
        let file: BoundedFile
        do throws(BoundedFile.Failure) {
            file = try BoundedFile(reading: source.path, limit: Self.largestFile)
        } catch {
            guard case .system(let cause) = error.cause else { throw SSHError(.limitExceeded, "\(error)") }
            if cause.isMissingFile { return false }
            // A pattern of Include may match folders; ssh reads nothing in them.
            if cause.number == EISDIR, source.depth > 0 { return true }
            throw SSHError(.invalidConfiguration, "Can't open user config file \(source.path): \(cause)")
        }
        if source.checksPermissions {
            guard file.owner == 0 || file.owner == self.environment.userID, file.mode & 0o022 == 0 else {
                throw SSHError(.invalidConfiguration, "Bad owner or permissions on \(source.path)")
            }
        }
        try self.read(file.bytes, of: source, isActive: isActive)
        return true
    }

    private mutating func read(_ bytes: [UInt8], of source: Source, isActive surroundingsAreActive: Bool) throws {
        var isActive = surroundingsAreActive
        var number = 0
        for text in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            number += 1
            guard var line = try ConfigurationLine(text, file: source.path, number: number) else { continue }
            guard let keyword = Keyword.byName[line.keyword] else {
                try self.acceptUnknown(line)
                continue
            }
            switch keyword.meaning {
            case .host:
                let patterns = try line.remaining()
                isActive = surroundingsAreActive && self.hostMatches(patterns)
            case .match:
                isActive = try self.matches(line, isActive: surroundingsAreActive)
            case .include:
                try self.include(&line, from: source, isActive: isActive)
            case .option, .ignored, .unsupported:
                try self.apply(keyword, &line, isActive: isActive, isSystemFile: source.owner == .system)
            }
        }
    }

    /// A `-o`, or a line that is no block.
    mutating func apply(
        _ keyword: Keyword,
        _ line: inout ConfigurationLine,
        isActive: Bool,
        isSystemFile: Bool = false
    ) throws {
        switch keyword.meaning {
        case .option(let read):
            let context = ConfigurationContext(
                isActive: isActive,
                environment: self.environment,
                isSystemFile: isSystemFile
            )
            try read(&line, &self.options, context)
            try line.expectEnd()
        case .unsupported(let missing):
            guard try missing.set(&line, &self.options, isActive) else { return }
            self.warn("\(line.file) line \(line.number): \(keyword.name) is not supported and has no effect")
        case .ignored, .host, .match, .include:
            break
        }
    }

    func acceptUnknown(_ line: ConfigurationLine) throws {
        let ignored = self.options.ignoreUnknown ?? ""
        if PatternList(ignored.lowercased()).match(line.keyword) == .matched {
            return
        }
        throw line.failure("Bad configuration option: \(line.keyword)")
    }

    private mutating func warn(_ text: String) {
        if !self.warnings.contains(text) { self.warnings.append(text) }
    }

    private func hostMatches(_ patterns: [String]) -> Bool {
        var matched = false
        for pattern in patterns {
            let isNegated = pattern.first == "!"
            guard Pattern(isNegated ? String(pattern.dropFirst()) : pattern).matches(self.host) else {
                continue
            }
            if isNegated { return false }
            matched = true
        }
        return matched
    }

    private mutating func matches(_ line: ConfigurationLine, isActive: Bool) throws -> Bool {
        let criteria = try MatchCriteria(line)
        if criteria.items.contains(where: { $0.criterion == .final }) { self.wantsFinalPass = true }
        let hostName = try self.hostName()
        let matchExecutor = self.matchExecutor
        let (options, originalHost, environment) = (self.options, self.originalHost, self.environment)
        let subject = MatchSubject(
            host: hostName.lowercased(),
            originalHost: self.originalHost.lowercased(),
            user: self.options.user ?? self.environment.userName,
            localUser: self.environment.userName,
            isFinalPass: self.isFinalPass,
            tag: self.options.silent["tag"]?.first ?? "",
            command: self.command.joined(separator: " "),
            sessionType: self.options.sessionType,
            localAddresses: { environment.interfaceAddresses().compactMap { IPAddress($0) } },
            execute: { command in
                guard let matchExecutor else {
                    throw line.failure("Match exec is not supported")
                }
                let expansion = TokenExpansion(options, originalHost: originalHost, hostName: hostName, environment)
                return try matchExecutor(try expansion.shellCommand(command, allowed: TokenExpansion.pathTokens))
            }
        )
        return try subject.matches(criteria, isActive: isActive)
    }

    /// As far as it is known by now.
    private func hostName() throws -> String {
        guard let hostName = self.options.hostName else { return self.host }
        return try TokenExpansion(values: ["h": self.host], environment: self.environment)
            .percent(hostName, allowed: "h")
    }

    private mutating func include(_ line: inout ConfigurationLine, from source: Source, isActive: Bool) throws {
        for argument in try line.remaining() {
            let expansion = TokenExpansion(
                self.options,
                originalHost: self.originalHost,
                hostName: try self.hostName(),
                self.environment
            )
            let percent = try expansion.percent(argument, allowed: TokenExpansion.pathTokens)
            var pattern = try TokenExpansion.variables(percent, in: self.environment)
            if pattern.first == "~" {
                guard source.owner == .user else { throw line.failure("bad include path \(argument).") }
                pattern = try self.environment.expandingTilde(pattern)
            } else if pattern.first != "/" {
                let folder = source.owner == .user ? self.environment.homeDirectory + "/.ssh" : "/etc/ssh"
                pattern = "\(folder)/\(pattern)"
            }
            for path in try Self.files(matching: pattern) {
                let included = Source(
                    path: path,
                    owner: source.owner,
                    checksPermissions: true,
                    depth: source.depth + 1
                )
                try self.read(included, isActive: isActive)
            }
        }
    }

    /// In lexical order; none is no error.
    private static func files(matching pattern: String) throws -> [String] {
        guard let paths = SystemPath.matching(pattern) else {
            throw SSHError(.invalidConfiguration, "glob failed for \(pattern)")
        }
        return paths
    }
}
