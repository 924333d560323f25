/// A pattern of ssh_config(5): `*` stands for any text, `?` for one byte. Case matters.
package struct Pattern: Hashable, Sendable {
    package let text: String
    private let pieces: [Wildcard]

    package init(_ text: String) {
        self.text = text
        self.pieces = text.utf8.map(Wildcard.init)
    }

    /// Whether the pattern has a `*` or a `?` at all.
    package var hasWildcards: Bool { self.pieces.contains { $0 == .anyText || $0 == .anyByte } }

    /// It is made of wildcards, and names nothing: it stands also for what has no name, or none that is known.
    package var isWild: Bool {
        self.pieces.contains(.anyText) && self.pieces.allSatisfy { $0 == .anyText || $0 == .anyByte }
    }

    /// It is `*`, and leaves nothing out.
    package var isEverything: Bool { !self.pieces.isEmpty && self.pieces.allSatisfy { $0 == .anyText } }

    package func matches(_ candidate: String) -> Bool {
        Wildcard.matches(self.pieces[...], Array(candidate.utf8))
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
