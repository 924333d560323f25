import SSHWire
import Testing

@testable import swssh

struct UnitWordsTests {
    /// What systemd-escape of systemd 252 prints.
    @Test(
        arguments: [
            ("relay", "relay"), ("relay.example.com", "relay.example.com"), (".hidden", "\\x2ehidden"),
            ("a-b", "a\\x2db"),
            ("a/b", "a-b"), ("pi@relay", "pi\\x40relay"), ("::1", "::1"), ("a b", "a\\x20b"), ("ä", "\\xc3\\xa4"),
            ("a\\b", "a\\x5cb"), ("a%b_", "a\\x25b_"),
        ]
    )
    func namesAreEscapedAsSystemdDoes(_ text: String, _ name: String) {
        #expect(UnitWords.escaped(text) == name)
    }

    @Test(
        arguments: [
            ("plain", "\"plain\""), ("a b", "\"a b\""), ("%h", "\"%%h\""), ("$HOME", "\"$$HOME\""),
            ("\"'\\", "\"\\\"'\\\\\""), ("", "\"\""), (";", "\";\""), ("ä", "\"ä\""),
        ]
    )
    func aWordStandsForItselfAlone(_ text: String, _ word: String) throws {
        #expect(try UnitWords.quoted(text) == word)
    }

    @Test(arguments: ["a\nExecStartPre=/bin/sh", "a\r", "\u{0}", "\u{7f}", "\t"])
    func whatEndsALineIsRefused(_ text: String) {
        #expect(throws: SSHError.self) { try UnitWords.quoted(text) }
        #expect(throws: SSHError.self) { try UnitWords.plain(text) }
    }

    @Test(arguments: ["swssh", "/opt/$x/swssh", ""]) func aProgramThatSystemdWouldNotFindIsRefused(_ path: String) {
        #expect(throws: SSHError.self) { try UnitWords.program(path) }
    }
}
