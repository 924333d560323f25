import Testing

@testable import SSHClient

@Suite struct PatternTextTests {
    @Test(arguments: [
        ("", ""), ("abc", "abc"), ("abc", "*"), ("abc", "a*c"), ("abc", "a?c"), ("", "*"), ("abc", "***"),
        ("aXbXc", "a*X*c"),
        ("mississippi", "m*iss*ppi"), ("a*c", "a*c"), ("?", "?"),
    ])
    func wildcardsMatch(text: String, pattern: String) {
        #expect(PatternText.matches(text, pattern: pattern))
    }

    @Test(arguments: [
        ("", "?"), ("abc", "ab"), ("ab", "abc"), ("abc", "a?"), ("abc", "ABC"), ("abc", "*d"), ("", "a*"),
    ])
    func everythingElseDoesNot(text: String, pattern: String) {
        #expect(!PatternText.matches(text, pattern: pattern))
    }

    @Test func aHostilePatternEndsInTime() {
        let text = String(repeating: "a", count: 2000)
        let pattern = String(repeating: "a*", count: 1000) + "b"
        #expect(!PatternText.matches(text, pattern: pattern))
    }

    @Test func aNegatedPatternRefusesWhereverItStands() {
        #expect(PatternText.match("host", list: "*,!host") == .negated)
        #expect(PatternText.match("host", list: "!host,*") == .negated)
        #expect(PatternText.match("host", list: "!other") == .unmatched)
        #expect(PatternText.match("host", list: "a,,h*") == .matched)
        #expect(PatternText.match("host", list: "HOST") == .unmatched)
        #expect(PatternText.match("host", list: "HOST", loweringPatterns: true) == .matched)
    }
}
