/// A pattern of ssh_config(5): `*` stands for any text, `?` for one byte. Case matters.
package struct Pattern: Hashable, Sendable {
    package let text: String
    private let bytes: [UInt8]

    package init(_ text: String) {
        self.text = text
        self.bytes = Array(text.utf8)
    }

    /// Whether the pattern has a `*` or a `?` at all.
    package var hasWildcards: Bool {
        self.bytes.contains { $0 == UInt8(ascii: "*") || $0 == UInt8(ascii: "?") }
    }

    /// It is made of wildcards, and names nothing: it stands also for what has no name, or none that is known.
    package var isWild: Bool {
        self.bytes.contains(UInt8(ascii: "*"))
            && self.bytes.allSatisfy { $0 == UInt8(ascii: "*") || $0 == UInt8(ascii: "?") }
    }

    /// It is `*`, and leaves nothing out.
    package var isEverything: Bool { !self.bytes.isEmpty && self.bytes.allSatisfy { $0 == UInt8(ascii: "*") } }

    /// Takes at most (pattern length) x (text length) steps, however many stars there are.
    package func matches(_ candidate: String) -> Bool {
        let candidate = Array(candidate.utf8)
        var position = 0
        var index = 0
        // Where the last star stood, and where the text that it stands for ends so far.
        var star: (position: Int, index: Int)?
        while index < candidate.count {
            if position < self.bytes.count, self.bytes[position] == UInt8(ascii: "*") {
                star = (position, index)
                position += 1
            } else if position < self.bytes.count,
                self.bytes[position] == UInt8(ascii: "?") || self.bytes[position] == candidate[index]
            {
                position += 1
                index += 1
            } else if let last = star {
                star = (last.position, last.index + 1)
                position = last.position + 1
                index = last.index + 1
            } else {
                return false
            }
        }
        return self.bytes[position...].allSatisfy { $0 == UInt8(ascii: "*") }
    }
}

/// Patterns separated by commas, each perhaps negated with `!`.
package struct PatternList: Hashable, Sendable {
    package enum Match: Sendable {
        case matched
        case notMatched
        /// A negated pattern matched: this refuses, whatever else matches.
        case negated
    }

    package let text: String
    private let elements: [Element]

    private struct Element: Hashable {
        let pattern: Pattern
        let negated: Bool
    }

    package init(_ text: String) {
        self.text = text
        self.elements = text.utf8.split(separator: UInt8(ascii: ",")).map { element in
            let negated = element.first == UInt8(ascii: "!")
            let pattern = String(decoding: negated ? element.dropFirst() : element, as: UTF8.self)
            return Element(pattern: Pattern(pattern), negated: negated)
        }
    }

    /// What holds of something that is there and has no name, as the group of an account that is in none: `*` matches it, and
    /// no name does, be it for the list or against it.
    package func matchUnnamed() -> Match {
        var result = Match.notMatched
        for element in self.elements {
            if element.negated {
                if element.pattern.isEverything { return .negated }
            } else if element.pattern.isWild {
                result = .matched
            }
        }
        return result
    }

    /// Negations alone never match.
    package func match(_ candidate: String) -> Match {
        var result = Match.notMatched
        for element in self.elements where element.pattern.matches(candidate) {
            if element.negated { return .negated }
            result = .matched
        }
        return result
    }
}
