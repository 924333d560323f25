import Testing

@testable import SSHServer

struct LoginRulesTests {
    @Test(arguments: [
        ("", "alice", true), ("AllowUsers alice", "alice", true), ("AllowUsers alice", "bob", false),
        ("AllowUsers *\nDenyUsers alice", "alice", false), ("DenyUsers a*", "bob", true),
        ("AllowUsers alice@192.0.2.0/24", "alice", true), ("AllowUsers alice@10.0.0.0/8", "alice", false),
        ("AllowUsers alice@*,!192.0.2.7", "alice", false), ("DenyUsers *@192.0.2.7", "alice", false),
        ("AllowGroups staff", "alice", true), ("AllowGroups wheel", "alice", false),
        ("DenyGroups staff", "alice", false),
        ("AllowUsers alice\nAllowGroups wheel", "alice", false), ("AllowUsers Alice", "alice", false),
    ])
    func usersAndGroupsAreDeniedBeforeTheyAreAllowed(_ text: String, _ user: String, _ expected: Bool) throws {
        let facts = ConnectionFacts.from(user, groups: ["staff"])
        let decision = try ServerConfiguration.parsing(text).settings(for: facts).mayLogIn(facts)
        #expect(decision.isPermitted == expected)
    }

    @Test func theRuleNamesTheLineThatDecided() throws {
        let facts = ConnectionFacts.from("alice")
        let settings = try ServerConfiguration.parsing("DenyUsers x\nDenyUsers y alice").settings(for: facts)
        let rule = Rule(file: "/etc/relay/config", line: 2, text: "DenyUsers alice")
        #expect(settings.mayLogIn(facts) == .refused(by: rule))
    }
}
