import SSHSystem

/// The line that decided: what a person has to change to get another answer.
public struct Rule: Hashable, Sendable, CustomStringConvertible {
    /// The file's path as it was opened, `command line` for `-o`, or `default` for a built-in rule.
    public let file: String
    /// Counted from 1; 0 for a built-in rule.
    public let line: Int
    /// The part of the line that matters, e.g. `permitlisten="2222"`.
    public let text: String

    public init(file: String, line: Int, text: String) {
        self.file = file
        self.line = line
        self.text = text
    }

    /// A rule that no file wrote.
    public static func builtIn(_ text: String) -> Rule {
        Rule(file: "default", line: 0, text: text)
    }

    /// The same rule, with the reason why it decides.
    func because(_ reason: String) -> Rule {
        Rule(file: self.file, line: self.line, text: "\(self.text): \(reason)")
    }

    /// `FILE line N: text`, fit for a log.
    public var description: String {
        let place = self.line == 0 ? self.file : "\(self.file) line \(self.line)"
        return "\(place): \(self.text)".escapedForLog
    }
}

/// What the policy says, and which rule says it.
public enum Decision: Hashable, Sendable {
    case permitted(by: Rule)
    case refused(by: Rule)

    public var isPermitted: Bool {
        switch self {
        case .permitted: true
        case .refused: false
        }
    }

    public var rule: Rule {
        switch self {
        case .permitted(let rule), .refused(let rule): rule
        }
    }
}
