import SSHConfiguration
import Testing

@testable import SSHServer

struct ConfigurationLineTests {
    @Test(arguments: [
        ("Port 22", "Port", ["22"]),
        ("Port=22", "Port", ["22"]),
        ("Port = 22", "Port", ["22"]),
        ("  \tPort =22 \t\r", "Port", ["22"]),
        ("\"Port\" \"22\"", "Port", ["22"]),
        ("\"Port\" = 22", "Port", ["=", "22"]),
        ("PermitOpen a:1  'b c:2' \"d\\\"e:3\" f\\ g:4", "PermitOpen", ["a:1", "b c:2", "d\"e:3", "f g:4"]),
        ("PermitOpen a:1 # all that it may", "PermitOpen", ["a:1"]),
        ("PermitOpen a#:1 b", "PermitOpen", ["a#:1", "b"]),
        ("HostKey /a\\b\u{0c}", "HostKey", ["/a\\b"]),
        ("Banner \"\"", "Banner", [""]),
        ("A x'y z'w", "A", ["xy zw"]),
    ])
    func wordsAreCutAsSshdCutsThem(_ text: String, _ keyword: String, _ arguments: [String]) throws {
        let line = try #require(try ConfigurationLine(Array(text.utf8)[...]))
        #expect(line.keyword == keyword)
        #expect(line.arguments == arguments)
    }

    @Test(arguments: ["", "   ", "\r", "# a", "  # a \"", "#Port 22"])
    func emptyLinesAndCommentsSayNothing(_ text: String) throws {
        #expect(try ConfigurationLine(Array(text.utf8)[...]) == nil)
    }

    @Test(arguments: ["Port", "Port \"22", "Port '22", "\"Port 22", "Port ", "Port=", "Port\0 22", "Port 22\0"])
    func linesThatMeanNothingAreRefused(_ text: String) {
        #expect(throws: InvalidValue.self) { try ConfigurationLine(Array(text.utf8)[...]) }
    }

    @Test func bytesThatAreNoTextAreRefusedOutsideOfComments() throws {
        #expect(throws: InvalidValue.self) { try ConfigurationLine([0x50, 0x20, 0xff][...]) }
        #expect(try ConfigurationLine([0x23, 0x20, 0xff][...]) == nil)
    }
}
