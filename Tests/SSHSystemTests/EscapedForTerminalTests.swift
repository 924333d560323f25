import Testing

@testable import SSHSystem

/// Text from a server never drives the terminal.
struct EscapedForTerminalTests {
    @Test func plainTextStays() {
        #expect("Grüße, 世界 \\ ok".escapedForTerminal() == "Grüße, 世界 \\ ok")
    }

    @Test(arguments: [
        ("\u{1b}[31m", "\\033[31m"), ("a\rb", "a\\015b"), ("\u{7}", "\\007"), ("\u{7f}", "\\177"),
        ("\u{9b}31m", "\\302\\23331m"), ("a\u{202e}b", "a\\342\\200\\256b"), ("\0", "\\000"),
    ])
    func controlCharactersAreWrittenInOctal(text: String, escaped: String) {
        #expect(text.escapedForTerminal() == escaped)
        #expect(text.escapedForTerminal(keepingLines: true) == escaped)
    }

    @Test func linesAreKeptOnlyWhenAskedFor() {
        #expect("a\tb\nc".escapedForTerminal(keepingLines: true) == "a\tb\nc")
        #expect("a\tb\nc".escapedForTerminal() == "a\\011b\\012c")
    }
}
