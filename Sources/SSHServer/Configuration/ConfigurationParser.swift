import SSHConfiguration
import SSHSystem
import SSHWire

/// Reads files and command-line options into a `ServerConfiguration`.
struct ConfigurationParser {
    private(set) var configuration: ServerConfiguration
    private let files: ConfigurationFiles
    private let supported: SupportedAlgorithms
    /// Where relative Include patterns begin: the folder of the main file, as /etc/ssh is for sshd.
    private let folder: String
    /// `-p` makes every Port line void.
    private let ignoresPorts: Bool
    private var fileCount = 0

    // Enough for any tree of files, and little enough that one that includes itself ends soon.
    private static let depthLimit = 16
    private static let fileLimit = 1024

    /// Where a line stands.
    private struct Place {
        let file: String
        var line = 0
        /// Match conditions around it; empty outside of every Match block.
        var conditions: [MatchCriteria] = []
        let depth: Int

        /// sshd takes lines after `Match all` for global ones too.
        var isUnconditional: Bool { self.conditions.allSatisfy(\.isAll) }
    }

    init(folder: String, supported: SupportedAlgorithms, files: ConfigurationFiles, ports: [UInt16]) {
        self.configuration = ServerConfiguration(supported: supported)
        self.files = files
        self.supported = supported
        self.folder = folder
        self.ignoresPorts = !ports.isEmpty
        if !ports.isEmpty {
            let rule = Rule(file: "command line", line: 0, text: "-p")
            self.configuration.$ports.append(ports, by: rule)
        }
    }

    /// One `-o keyword=value`; the values of these win because they come first.
    mutating func parse(option: String, number: Int) throws {
        var place = Place(file: "command line", line: number, depth: 0)
        let bytes = Array(option.utf8)
        guard let line = try self.locating(place, parse: { try ConfigurationLine(bytes[...]) }) else { return }
        guard line.keyword.asciiLowercased != "match", line.keyword.asciiLowercased != "include" else {
            throw self.problem(place, "\(line.keyword): it cannot stand on the command line")
        }
        try self.parse(line, at: &place)
    }

    mutating func parse(file: String) throws {
        try self.parse(file: file, conditions: [], depth: 0)
    }

    private mutating func parse(file: String, conditions: [MatchCriteria], depth: Int) throws {
        self.fileCount += 1
        guard self.fileCount <= Self.fileLimit else {
            throw SSHError(.invalidConfiguration, "\(file.escapedForLog): more than \(Self.fileLimit) files")
        }
        var place = Place(file: file, conditions: conditions, depth: depth)
        self.beginSection(conditions)
        let text = try self.read(file, isIncluded: depth > 0)
        for bytes in text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            place.line += 1
            guard let line = try self.locating(place, parse: { try ConfigurationLine(bytes) }) else { continue }
            switch line.keyword.asciiLowercased {
            case "include":
                try self.include(line, at: place)
            case "match":
                let criteria = try self.locating(place, "Match: ") { try MatchCriteria(line.arguments) }
                place.conditions = conditions + [criteria]
                self.beginSection(place.conditions)
            default:
                try self.parse(line, at: &place)
            }
        }
    }

    private mutating func parse(_ line: ConfigurationLine, at place: inout Place) throws {
        guard let keyword = Keyword.named(line.keyword) else {
            throw self.problem(place, "\(line.keyword): there is no such keyword")
        }
        guard keyword.scope == .anywhere || place.isUnconditional else {
            throw self.problem(place, "\(keyword.name): it is not allowed within a Match block")
        }
        var arguments = Arguments(
            line.arguments,
            text: line.text,
            keyword: keyword.name,
            file: place.file,
            line: place.line,
            supported: self.supported
        )
        let assignment = try keyword.parse(&arguments)
        try arguments.expectEnd()
        self.configuration.warnings += arguments.warnings
        switch assignment {
        case .server(let assign):
            if !(self.ignoresPorts && keyword.name == "Port") { assign(&self.configuration) }
        case .account(let assign) where place.conditions.isEmpty:
            assign(&self.configuration.defaults)
        case .account(let assign):
            self.configuration.matchSections[self.configuration.matchSections.count - 1].append(assign)
        case .nothing:
            break
        }
    }

    /// A Match block in an included file ends with that file, and holds only where the lines around the Include hold.
    private mutating func include(_ line: ConfigurationLine, at place: Place) throws {
        guard place.depth < Self.depthLimit else {
            throw self.problem(place, "Include: files include one another more than \(Self.depthLimit) deep")
        }
        guard !line.arguments.isEmpty, !line.arguments.contains("") else {
            throw self.problem(place, "Include: an argument is \"\", expected paths or patterns")
        }
        for argument in line.arguments {
            let pattern = argument.hasPrefix("/") ? argument : "\(self.folder)/\(argument)"
            for file in try self.files.glob(pattern) {
                try self.parse(file: file, conditions: place.conditions, depth: place.depth + 1)
            }
        }
        // What follows belongs to the block around the Include again.
        self.beginSection(place.conditions)
    }

    private mutating func beginSection(_ conditions: [MatchCriteria]) {
        guard !conditions.isEmpty else { return }
        self.configuration.matchSections.append(MatchSection(conditions: conditions))
    }

    private func read(_ file: String, isIncluded: Bool) throws -> [UInt8] {
        do {
            return try self.files.read(file)
        } catch let error as SSHError {
            throw SSHError(.invalidConfiguration, error.reason)
        } catch {
            // As in sshd, whose status is then 1: the file may still come, with its disk.
            throw SSHError(isIncluded ? .invalidConfiguration : .system, "\(file.escapedForLog) does not exist")
        }
    }

    private func locating<Value>(_ place: Place, _ prefix: String = "", parse: () throws -> Value) throws -> Value {
        do {
            return try parse()
        } catch let invalid as InvalidValue {
            throw self.problem(place, prefix + invalid.reason)
        }
    }

    private func problem(_ place: Place, _ reason: String) -> SSHError {
        SSHError(.invalidConfiguration, "\(place.file) line \(place.line): \(reason)".escapedForLog)
    }
}

extension ServerConfiguration {
    /// Reads and checks a configuration file and everything it includes.
    ///
    /// - Parameters:
    ///   - file: the path of the main file; relative Include patterns begin in its folder.
    ///   - options: the values of `-o`, in order. They come before the file, so they win; a rule of theirs names the file
    ///     `command line` and its number among the options.
    ///   - ports: the values of `-p`; with any, Port lines are void.
    ///   - supported: what lists of algorithms are resolved against.
    /// - Throws: `invalidConfiguration` with `FILE line N: Keyword: what is wrong, what was expected`.
    public static func load(
        file: String?,
        options: [String] = [],
        ports: [UInt16] = [],
        supported: SupportedAlgorithms,
        files: ConfigurationFiles = .system
    ) throws -> ServerConfiguration {
        let folder = file.flatMap { file in
            file.utf8.lastIndex(of: UInt8(ascii: "/")).map { String(file[..<$0]) }
        }
        var parser = ConfigurationParser(folder: folder ?? ".", supported: supported, files: files, ports: ports)
        for (index, option) in options.enumerated() { try parser.parse(option: option, number: index + 1) }
        if let file { try parser.parse(file: file) }
        try parser.configuration.checkAddressFamily()
        try parser.configuration.checkCommandUsers()
        var configuration = parser.configuration
        try configuration.completeMACs(supported)
        return configuration
    }

    /// The effective configuration, one `keyword value` a line, in the format of `sshd -T`.
    ///
    /// - Parameter facts: apply the Match blocks for this connection.
    public func effectiveLines(for facts: ConnectionFacts? = nil) -> [String] {
        let settings = facts.map { self.settings(for: $0) } ?? self.defaults
        return Keyword.all.flatMap { keyword in
            keyword.format(self, settings).map { "\(keyword.name.asciiLowercased) \($0)" }
        }
    }
}
