/// OpenSSH's patterns: `*` is any text, `?` any one byte; in a list, `!` refuses.
enum PatternText {
    /// What a list of patterns says about a text.
    enum ListResult {
        case matched
        /// A negated pattern matched: the text is refused whatever else the list holds.
        case negated
        case unmatched
    }

    /// Greedy with one step back, so that hostile patterns cost length times length at most.
    static func matches(_ text: some StringProtocol, pattern: some StringProtocol) -> Bool {
        let text = Array(text.utf8)
        let pattern = Array(pattern.utf8)
        var textIndex = 0
        var patternIndex = 0
        var star: (pattern: Int, text: Int)?
        while textIndex < text.count {
            if patternIndex < pattern.count, pattern[patternIndex] == UInt8(ascii: "*") {
                star = (patternIndex, textIndex)
                patternIndex += 1
            } else if patternIndex < pattern.count,
                pattern[patternIndex] == UInt8(ascii: "?") || pattern[patternIndex] == text[textIndex]
            {
                patternIndex += 1
                textIndex += 1
            } else if let last = star {
                star = (last.pattern, last.text + 1)
                patternIndex = last.pattern + 1
                textIndex = last.text + 1
            } else {
                return false
            }
        }
        return pattern[patternIndex...].allSatisfy { $0 == UInt8(ascii: "*") }
    }

    /// A comma-separated list. Host names are compared in lower case: the caller lowers the name, this the patterns.
    static func match(_ text: String, list: String, loweringPatterns: Bool = false) -> ListResult {
        var result = ListResult.unmatched
        for item in list.split(separator: ",", omittingEmptySubsequences: true) {
            let isNegated = item.first == "!"
            let written = isNegated ? item.dropFirst() : item
            let pattern = loweringPatterns ? written.lowercased() : String(written)
            guard self.matches(text, pattern: pattern) else { continue }
            if isNegated { return .negated }
            result = .matched
        }
        return result
    }

    static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || (0x09...0x0d).contains(byte)
    }
}
