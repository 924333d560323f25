import SSHTestFixtures
import Testing

@testable import SSHServer

/// Accounts of the relay need no Unix accounts: here they have none, and `root` is the one that every system has.
struct TriedAccountTests {
    private let folder = TemporaryFolder()

    private func find(_ user: String, _ lines: String = "") throws -> TriedAccount {
        let text = "StrictModes no\nAuthorizedKeysFile \(self.folder.path)/%u\n\(lines)\n"
        let configuration = try ServerConfiguration.parsing(text)
        let facts = ConnectionFacts(user: "", address: "192.0.2.7", localAddress: "192.0.2.1", localPort: 22)
        return TriedAccount.find(user, configuration: configuration, facts: facts)
    }

    @Test func anAccountIsANameWithKeys() throws {
        self.folder.write("device", KeyFixture.line())
        #expect(try self.find("device") == .valid)
        #expect(try self.find("nobody-knows-it") == .unknown)
    }

    @Test func aUnixAccountIsAnAccountWithoutKeysToo() throws {
        #expect(try self.find("root") == .valid)
    }

    @Test func aFileThatCannotBeUsedStillMakesAnAccount() throws {
        self.folder.write("device", "nonsense\n")
        #expect(try self.find("device") == .valid)
    }

    @Test(arguments: ["", "../device", "a b", "-x", ".hidden", "a\nb"])
    func aNameThatIsNoFileNameIsNoAccount(_ user: String) throws {
        #expect(try self.find(user) == .unknown)
    }

    @Test(arguments: [
        ("AllowUsers somebody", "not listed in AllowUsers"), ("DenyUsers r*t", "listed in DenyUsers"),
        ("AllowGroups nogroup-of-that-name", "none of user's groups are listed in AllowGroups"),
        ("DenyGroups root", "a group is listed in DenyGroups"),
        ("denyusers=root", "listed in DenyUsers"),
    ])
    func theReasonIsSshds(_ line: String, _ reason: String) throws {
        #expect(try self.find("root", line) == .notAllowed(reason))
        #expect(try self.find("root", line).isInvalid)
    }

    @Test func whoHasNoGroupIsInNone() throws {
        self.folder.write("device", KeyFixture.line())
        #expect(try self.find("device", "AllowGroups operators") == .notAllowed("not in any group"))
    }

    @Test(arguments: [
        ("", false), ("Match User a\nMaxSessions 1", false), ("AllowGroups a", true), ("DenyGroups a", true),
        ("Match Group a\nMaxSessions 1", true), ("Match User a\nDenyGroups b", true), ("Match User a Group b", true),
    ])
    func groupsAreAskedForWhereARuleIsAboutThem(_ lines: String, _ expected: Bool) throws {
        #expect(try ServerConfiguration.parsing(lines + "\n").asksForGroups == expected)
    }
}
