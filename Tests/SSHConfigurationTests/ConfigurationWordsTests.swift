import Testing

@testable import SSHConfiguration

struct ConfigurationWordsTests {
    @Test(arguments: [
        ("a b\tc", ["a", "b", "c"]), ("  a  ", ["a"]), ("", []), ("'a b' c", ["a b", "c"]), ("\"a'b\"", ["a'b"]),
        ("a'b c'd", ["ab cd"]), ("a\\ b", ["a b"]), ("'a\\ b'", ["a\\ b"]), ("\\\"a\\'", ["\"a'"]),
        ("a\\\\b", ["a\\b"]), ("a\\nb", ["a\\nb"]), ("a\\", ["a\\"]), ("''", [""]), ("a # b", ["a"]),
        ("a#b", ["a#b"]), ("'#' b", ["#", "b"]),
    ])
    func wordsAreCutAsInOpenSSH(_ line: String, _ words: [String]) {
        #expect(ConfigurationWords.split(Array(line.utf8)[...]) == words)
    }

    @Test(arguments: ["'a", "a \"b", "'a\""])
    func aQuoteThatDoesNotCloseMakesTheLineVoid(_ line: String) {
        #expect(ConfigurationWords.split(Array(line.utf8)[...]) == nil)
    }

    @Test func commandsKeepWhatLooksLikeAComment() {
        #expect(ConfigurationWords.split(Array("a # b".utf8)[...], commentsEnd: false) == ["a", "#", "b"])
    }
}
