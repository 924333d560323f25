import Testing

@testable import SSHConfiguration

struct PatternTests {
    @Test(arguments: [
        ("", "", true), ("", "a", false), ("*", "", true), ("*", "abc", true), ("?", "", false), ("?", "a", true),
        ("a*c", "abbc", true), ("a*c", "abcb", false), ("*a*b*", "xxayyb", true), ("a?c", "abc", true),
        ("a?c", "ac", false),
        ("A", "a", false), ("a**b", "ab", true), ("*.b", "a.b", true), ("[ab]", "a", false), ("a\\*", "a*", false),
        ("a*X*c", "aXbXc", true), ("m*iss*ppi", "mississippi", true),
        ("***", "abc", true), ("ab", "abc", false), ("abc", "ab", false), ("*d", "abc", false), ("a*", "", false),
    ])
    func starsAndQuestionMarksAreTheOnlyWildcards(_ pattern: String, _ text: String, _ expected: Bool) {
        #expect(Pattern(pattern).matches(text) == expected)
    }

    @Test func manyStarsEndInPolynomialTime() {
        let pattern = Pattern(String(repeating: "*a", count: 500) + "b")
        #expect(!pattern.matches(String(repeating: "a", count: 5_000)))
    }

    @Test(arguments: [
        ("a,b", "b", PatternList.Match.matched), ("a,b", "c", .notMatched), ("*,!b", "b", .negated),
        ("!b,*", "b", .negated),
        ("!b", "c", .notMatched), ("", "", .notMatched), ("a*,!ab*", "aa", .matched),
    ])
    func aNegatedMatchRefusesAndNegationsAloneNeverMatch(_ list: String, _ text: String, _ expected: PatternList.Match)
    {
        #expect(PatternList(list).match(text) == expected)
    }
}
