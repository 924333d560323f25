import Testing

@testable import SSHSystem

struct EscapedForLogTests {
    @Test(arguments: [
        ("plain text", "plain text"), ("a\nb", "a\\012b"), ("\u{1b}[31m", "\\033[31m"), ("\u{7f}\0", "\\177\\000"),
        ("a\\b", "a\\\\b"), ("é", "\\303\\251"), ("\u{202e}", "\\342\\200\\256"), ("", ""),
    ])
    func onlyPrintableASCIIComesOut(_ text: String, _ expected: String) {
        #expect(text.escapedForLog == expected)
    }

    @Test func aLongTextIsCut() {
        #expect(String(repeating: "a", count: 100_000).escapedForLog.utf8.count == 1027)
    }
}
