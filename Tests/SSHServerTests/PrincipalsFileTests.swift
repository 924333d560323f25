import Testing

@testable import SSHServer

struct PrincipalsFileTests {
    /// Up to the first line.
    private static func read(_ bytes: [UInt8]) -> PrincipalsFile {
        PrincipalsFile(bytes, path: "/principals") { _ in true }
    }

    @Test(arguments: [
        ("alice\n", ["alice"]), ("alice", ["alice"]), (" \talice \t\n", ["alice"]),
        ("\n\n# x\n  # y\nalice\n", ["alice"]),
        ("alice # the first\n", ["alice"]), ("al#ice\n", ["al"]), ("alice\nbob\n", ["alice", "bob"]), ("", []),
        ("restrict alice\n", ["alice"]), ("restrict\talice\n", ["alice"]), ("restrict   alice\n", ["alice"]),
        ("from=\"192.0.2.1\",command=\"a b\" alice\n", ["alice"]), ("no-such-option alice\nbob\n", ["bob"]),
        ("alice bob\n", []), ("permitopen=\"a:1\" permitopen=\"b:1\" alice\n", []),
        // sshd takes the carriage return for a part of the name.
        ("alice\r\n", ["alice\r"]),
    ])
    func everyLineIsANameWithOptionsInFront(_ text: String, _ names: [String]) {
        var read: [String] = []
        _ = PrincipalsFile(Array(text.utf8), path: "/principals") { name in
            read.append(name)
            return false
        }
        #expect(read == names)
    }

    @Test func lineThatIsNotUsedIsNamedWithTheReason() throws {
        let file = PrincipalsFile(Array("alice\nno-such-option bob\ncarol\n".utf8), path: "/principals") {
            $0 == "carol"
        }
        let problem = try #require(file.problems.first)
        #expect(file.problems.count == 1)
        #expect((problem.file, problem.line) == ("/principals", 2))
        #expect(problem.reason.contains("no-such-option"))
        #expect(file.line?.rule.line == 3)
    }

    @Test func lineThatIsNoTextIsNotUsed() {
        #expect(Self.read([0xff, 0x0a]).line == nil)
        #expect(Self.read(Array("al".utf8) + [0] + Array("ice\n".utf8)).line == nil)
        #expect(Self.read(Array(repeating: 0x61, count: AuthorizedKeysFile.lineLimit + 1)).line == nil)
    }

    @Test func optionsAreThoseOfAuthorizedKeys() throws {
        let text = "restrict,port-forwarding,permitlisten=\"8080\",expiry-time=\"20300101Z\" alice"
        let options = try #require(Self.read(Array(text.utf8)).line).options
        #expect(options.permitsPortForwarding && options.permitListen.count == 1)
        #expect(options.expiryTime == 1_893_456_000)
    }
}
