import SSHConfiguration
import Testing

@testable import SSHServer

struct MatchCriteriaTests {
    @Test(arguments: [
        (["User", "alice"], true), (["user=alice"], true), (["USER", "=", "alice"], true), (["user", "=alice"], true),
        (["User", "bob"], false), (["User", "bob,al*"], true), (["User", "al*,!alice"], false),
        (["User", "!bob"], false),
        (["User", "Alice"], false), (["Group", "staff"], true), (["Group", "staff,!wheel"], false),
        (["Group", "x"], false),
        (["Host", "*.EXAMPLE"], true), (["Host", "192.0.2.7"], false), (["Address", "192.0.2.0/24"], true),
        (["Address", "192.0.2.*"], true), (["Address", "192.0.2.0/24,!192.0.2.7"], false),
        (["Address", "!192.0.2.7,192.0.2.0/24"], false), (["Address", "!10.0.0.1"], false),
        (["Address", "::/0"], false),
        (["LocalAddress", "10.0.0.1"], true), (["LocalAddress", "10.0.0.2"], false), (["LocalPort", "22"], true),
        (["LocalPort", "23"], false), (["User", "alice", "LocalPort", "23"], false), (["all"], true), (["ALL"], true),
        (["User=alice", "host", "h.example"], true), (["Invalid-User"], false),
        (["User", "alice", "user", "bob"], false),
        // A connection's routing domain is empty, and the version is the relay's own.
        (["RDomain", "a"], false), (["rdomain=*"], true), (["RDomain", "!a,*", "User", "alice"], true),
        (["Version", "relay_*"], true), (["version=OpenSSH_10.*"], false),
    ])
    func criteriaHoldAsInSshd(_ words: [String], _ expected: Bool) throws {
        let facts = ConnectionFacts.from("alice", host: "h.example", groups: ["wheel", "staff"])
        #expect(try MatchCriteria(words).match(facts) == expected)
    }

    @Test(arguments: [
        [], ["User"], ["all", "User", "a"], ["User", "a", "all"], ["Address", "192.0.2.1/24"],
        ["Address", "1.2.3.4/33"],
        ["LocalPort", "x"], ["RDomain"], ["Version"], ["User="], ["User", ""], ["Address", "a,,b"], ["user", "="],
    ])
    func impossibleCriteriaAreRefused(_ words: [String]) {
        #expect(throws: InvalidValue.self) { try MatchCriteria(words) }
    }

    @Test func anUnknownUserMatchesInvalidUser() throws {
        var facts = ConnectionFacts.from("ghost")
        facts.userIsInvalid = true
        #expect(try MatchCriteria(["Invalid-User"]).match(facts))
        #expect(try MatchCriteria(["invalid-user", "user", "g*"]).match(facts))
    }
}
