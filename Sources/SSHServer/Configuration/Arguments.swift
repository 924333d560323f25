import SSHConfiguration
import SSHSystem
import SSHWire

/// What follows a keyword on its line, taken word by word.
struct Arguments {
    /// As OpenSSH spells it.
    let keyword: String
    let file: String
    let line: Int
    let supported: SupportedAlgorithms
    /// What the line does not do although it is accepted.
    private(set) var warnings: [ConfigurationWarning] = []
    private let all: [String]
    private let text: String
    private var position = 0

    init(_ arguments: [String], text: String, keyword: String, file: String, line: Int, supported: SupportedAlgorithms)
    {
        self.all = arguments
        self.text = text
        self.keyword = keyword
        self.file = file
        self.line = line
        self.supported = supported
    }

    /// The whole line, for a decision to name.
    var rule: Rule { self.rule(for: self.all) }

    /// The line as if `argument` stood there alone.
    func rule(for argument: String) -> Rule { self.rule(for: [argument]) }

    private func rule(for arguments: [String]) -> Rule {
        Rule(file: self.file, line: self.line, text: ([self.keyword] + arguments).joined(separator: " "))
    }

    /// The next word, which stays where it is.
    var peek: String? { self.position < self.all.count ? self.all[self.position] : nil }

    mutating func next() -> String? {
        guard self.position < self.all.count else { return nil }
        defer { self.position += 1 }
        return self.all[self.position]
    }

    /// The next word.
    ///
    /// - Throws: `invalidConfiguration` if there is none or it is empty.
    mutating func required(_ expected: String) throws -> String {
        guard let word = self.next() else { throw self.problem("there is no argument, expected \(expected)") }
        guard !word.isEmpty else { throw self.problem("\"\" is no argument, expected \(expected)") }
        return word
    }

    /// All words that are left, at least one, none empty.
    mutating func remaining(_ expected: String) throws -> [String] {
        var words = [try self.required(expected)]
        while self.position < self.all.count { words.append(try self.required(expected)) }
        return words
    }

    /// Everything that is left of the line as it stands there, comments and quotes included.
    mutating func takeText(_ expected: String) throws -> String {
        _ = try self.remaining(expected)
        return self.text
    }

    /// The same, where words may be empty.
    mutating func takeCommandLine(_ expected: String) throws -> String {
        _ = try self.required(expected)
        self.position = self.all.count
        return self.text
    }

    func expectEnd() throws {
        guard self.peek == nil else {
            throw self.problem("\"\(self.all[self.position])\" is too much, expected the end of the line")
        }
    }

    mutating func warn(_ text: String) {
        self.warnings.append(
            ConfigurationWarning(file: self.file, line: self.line, text: "\(self.keyword): \(text)")
        )
    }

    /// `FILE line N: Keyword: reason`.
    func problem(_ reason: String) -> SSHError {
        SSHError(
            .invalidConfiguration,
            "\(self.file) line \(self.line): \(self.keyword): \(reason)".escapedForLog
        )
    }

    /// Runs a parser of a single word and puts file, line and keyword in front of its reason.
    func locating<Value>(_ parse: () throws -> Value) throws -> Value {
        do {
            return try parse()
        } catch let invalid as InvalidValue {
            throw self.problem(invalid.reason)
        }
    }
}
