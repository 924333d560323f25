import SSHConfiguration
import SSHWire
import Testing

@testable import SSHServer

struct OperatorCommandTests {
    private static let key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGAWmTRs7fVoRvJ5dnwLN9I9wYgQWaGxA/RNJKMrGcdp"

    @Test(arguments: [
        OperatorCommand.status, .list, .reload, .kick(.account("a \"b\"\n\u{e9}")), .kick(.key("SHA256:x")),
        .kick(.port(65535)), .kick(.connection(.max)),
    ])
    func aCommandIsOneLineThatReadsBack(_ command: OperatorCommand) throws {
        #expect(command.line.utf8.filter { $0 == UInt8(ascii: "\n") }.count == 1)
        #expect(command.line.hasSuffix("}\n"))
        #expect(try OperatorCommand(line: command.line.utf8.dropLast()) == command)
    }

    @Test(arguments: [
        Explanation.Question.logIn, .listen(ForwardAddress(host: "localhost", port: 8080)),
        .open(ForwardAddress(host: "2001:db8::1", port: 22)),
    ])
    func aQuestionAboutAKeyReadsBack(_ question: Explanation.Question) throws {
        let keys = [Explanation.Key.fingerprint("SHA256:abc"), try Explanation.Key(text: Self.key)]
        for key in keys {
            let request = ExplainRequest(account: "a", key: key, question: question, address: "192.0.2.1")
            let command = OperatorCommand.explain(request)
            #expect(try OperatorCommand(line: command.line.utf8.dropLast()) == command)
        }
    }

    @Test(arguments: [
        "", "status", "[]", "{}", #"{"command":"status"}"#, #"{"relay":2,"command":"status"}"#,
        #"{"relay":"1","command":"status"}"#, #"{"relay":1}"#, #"{"relay":1,"command":"stop"}"#,
        #"{"relay":1,"command":1}"#, #"{"relay":1,"command":"status","x":1}"#, #"{"relay":1,"command":"kick"}"#,
        #"{"relay":1,"command":"kick","account":1}"#, #"{"relay":1,"command":"kick","port":65536}"#,
        #"{"relay":1,"command":"kick","port":"1"}"#, #"{"relay":1,"command":"kick","connection":-1}"#,
        #"{"relay":1,"command":"kick","account":"a","port":1}"#, #"{"relay":1,"command":"list","account":"a"}"#,
        #"{"relay":1,"command":"explain","account":"a","key":"x"}"#,
        #"{"relay":1,"command":"explain","account":"a","key":"SHA256:x","listen":"1","open":"a:1"}"#,
        #"{"relay":1,"command":"explain","account":"a","key":"SHA256:x","open":"1"}"#,
        #"{"relay":1,"relay":1,"command":"status"}"#,
    ])
    func whatIsNoCommandIsRefused(_ line: String) {
        #expect(throws: InvalidValue.self) { try OperatorCommand(line: line.utf8) }
    }

    @Test(
        arguments: [
            ("device", .account("device")), ("SHA256:abc", .key("SHA256:abc")), ("8080", .port(8080)),
            ("65535", .port(65535)), ("65536", .connection(65536)), ("288349200000", .connection(288_349_200_000)),
            ("account=8080", .account("8080")), ("account=SHA256:x", .account("SHA256:x")),
            ("account=a=b", .account("a=b")),
            ("key=SHA256:abc", .key("SHA256:abc")), ("port=80", .port(80)), ("connection=80", .connection(80)),
            ("a=b", .account("a=b")), ("", nil), ("0", nil), ("port=0", nil), ("port=65536", nil), ("port=x", nil),
            ("connection=", nil), ("account=", nil), ("key=", nil), ("99999999999999999999", nil),
        ] as [(String, KickTarget?)]
    )
    func aWordSaysWhoIsToGo(_ word: String, _ target: KickTarget?) {
        #expect(KickTarget(word) == target)
    }
}
