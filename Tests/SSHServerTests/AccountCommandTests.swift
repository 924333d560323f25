import SSHConfiguration
import Testing

@testable import SSHServer

/// Each of these was put to sshd 9.2.
struct AccountCommandTests {
    private static func arguments(_ text: String) throws -> [String] {
        try AccountCommand(text, tokens: AccountCommand.Token.allCases).arguments { "<\($0.text)>" }
    }

    @Test(arguments: [
        ("/x", []), ("/x a  b\tc", ["a", "b", "c"]), (#"/x 'a b' "c 'd" e\"f g'h'i"#, ["a b", "c 'd", "e\"f", "ghi"]),
        (#"/x \x \\ "" c\ d"#, ["\\x", "\\", "", "c d"]), ("/x %% a%u%U%h", ["%", "a<%u><%U><%h>"]),
        ("/x # %u", ["#", "<%u>"]), ("/%z %%u", ["%u"]),
    ])
    func argumentsAreSplitAndTokensReplaced(_ text: String, _ arguments: [String]) throws {
        #expect(try Self.arguments(text) == arguments)
    }

    @Test(arguments: ["x", "", "./x", "\"/x\"", "/x \"a", "/x %", "/x %z", "/x %C", "/x a'"])
    func whatSshdWouldNotRunIsRefused(_ text: String) {
        #expect(throws: InvalidValue.self) { try Self.arguments(text) }
    }

    @Test func keysHaveNoTokensOfCertificates() {
        for token in ["F", "K", "T", "i", "s"] {
            #expect(throws: InvalidValue.self) {
                try AccountCommand("/x %\(token)", tokens: AccountCommand.Token.ofKeys)
            }
        }
    }

    @Test func tokenWithoutValueIsNoEmptyArgument() throws {
        let command = try AccountCommand("/x %h", tokens: AccountCommand.Token.ofKeys)
        #expect(throws: InvalidValue("the account has no home for %h")) { try command.arguments { _ in nil } }
    }

    @Test func pathAndArgumentsAreTold() throws {
        let command = try AccountCommand("/bin/x %u \"b c\"", tokens: AccountCommand.Token.ofKeys)
        #expect(command.path == "/bin/x")
        let invocation = CommandInvocation(
            kind: .keys,
            command: command,
            arguments: ["alice", "b c", "", "d\"e"],
            user: "nobody"
        )
        #expect(invocation.text == #"/bin/x alice "b c" "" "d\"e""#)
    }
}
