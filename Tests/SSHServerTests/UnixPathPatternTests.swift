import SSHConfiguration
import Testing

@testable import SSHServer

struct UnixPathPatternTests {
    private static func account(_ name: String, home: String? = nil, userID: UInt32? = nil) throws -> Account {
        Account(name: try #require(AccountName(name)), home: home, userID: userID)
    }

    private static func matches(_ pattern: String, _ path: String, _ account: Account) throws -> Bool {
        try UnixPathPattern(pattern).matches(UnixPath(path), for: account)
    }

    @Test(arguments: [
        ("/run/a", "/run/a", true), ("/run/a", "/run/ab", false), ("/run/a", "/run/A", false),
        ("/run/a", "/run", false), ("/run/a", "/run/a/b", false),
        ("/run/*", "/run/a", true), ("/run/*", "/run/a/b", false), ("/run/*/b", "/run/a/b", true),
        ("/run/*/b", "/run/a/a/b", false), ("/*", "/run", true), ("/*", "/run/a", false),
        ("/run/?", "/run/a", true), ("/run/?", "/run/ab", false), ("/run?a", "/run/a", false),
        ("/run*a", "/run/a", false), ("/run/**", "/run/a/b", false), ("/run/**", "/run/ab", true),
        ("/run/a*b*c", "/run/aXbbYc", true), ("/run/a*b*c", "/run/aXbYd", false),
        ("/run/*.sock", "/run/a.sock", true), ("/run/*.sock", "/run/.sock", false),
        ("/run/*", "/run/.a", false), ("/run/?a", "/run/.a", false), ("/run/.*", "/run/.a", true),
        ("/run/a*", "/run/a.b", true), ("/run/[ab]", "/run/a", false), ("/run/[ab]", "/run/[ab]", true),
        ("/run/a\\*", "/run/a*", false), ("/run/100%%", "/run/100%", true), ("/run/!a", "/run/b", false),
        ("/run/a b", "/run/a b", true), ("/run/??", "/run/é", true),
    ])
    func wildcardsStayWithinAComponent(_ pattern: String, _ path: String, _ expected: Bool) throws {
        #expect(try Self.matches(pattern, path, Self.account("alice")) == expected)
    }

    @Test func tokensAreTheAccounts() throws {
        let alice = try Self.account("alice", home: "/home/alice", userID: 1001)
        #expect(try Self.matches("/run/%u/a", "/run/alice/a", alice))
        #expect(try !Self.matches("/run/%u/a", "/run/bob/a", alice))
        #expect(try Self.matches("/run/x-%u.*", "/run/x-alice.sock", alice))
        #expect(try !Self.matches("/run/x-%u.*", "/run/x-alice2.sock", alice))
        #expect(try Self.matches("/run/user/%U/*", "/run/user/1001/a", alice))
        #expect(try Self.matches("%h/*", "/home/alice/a", alice))
        #expect(try !Self.matches("%h/*", "/home/bob/a", alice))
        let slash = try Self.account("alice", home: "/home/alice/")
        #expect(try Self.matches("%h/*", "/home/alice/a", slash))
    }

    @Test func aNameIsNeverAPattern() throws {
        for name in ["*", "?", "a*", "%u", "%h"] {
            let account = try Self.account(name)
            #expect(try Self.matches("/run/%u", "/run/\(name)", account))
            for path in ["/run/bob", "/run/b", "/run/ab", "/run/a", "/run/%", "/run/alice"] {
                #expect(try !Self.matches("/run/%u", path, account))
            }
        }
        let odd = try Self.account("alice", home: "/home/*")
        #expect(try !Self.matches("%h/a", "/home/bob/a", odd))
    }

    @Test(arguments: [nil, "", "/", "relative"])
    func anAccountWithoutAHomeMatchesNoPatternWithOne(_ home: String?) throws {
        let account = try Self.account("alice", home: home)
        for path in ["/a", "/relative/a", "/home/alice/a"] { #expect(try !Self.matches("%h/a", path, account)) }
        #expect(try !Self.matches("/run/%U", "/run/0", account))
    }

    @Test func onlyHomeAndUserIDNeedTheSystem() throws {
        #expect(try !UnixPathPattern("/run/%u/%%h/*").needsUnixAccount)
        #expect(try UnixPathPattern("%h/a").needsUnixAccount)
        #expect(try UnixPathPattern("/run/%U").needsUnixAccount)
    }

    @Test(arguments: [
        "", "/", "a", "a/b", "./a", "/a/", "//a", "/a//b", "/a/./b", "/a/../b", "/..", "%u/a", "/a/%h", "%h", "%h/",
        "/%", "/%x", "/a\u{1}", "/a\u{7f}", "~/a", "any", "none",
    ])
    func whatNoPathCouldMatchIsNoPattern(_ text: String) {
        #expect(throws: InvalidValue.self) { try UnixPathPattern(text) }
    }

    @Test(arguments: [
        "", "/", "a", "./a", "../a", "/a/", "//a", "/a//b", "/a/./b", "/a/../b", "/a/..", "/a/.", "/.", "/a\nb",
        "/a\u{7f}",
        "/a\u{85}", "/\u{fffd}", "/a\0", "/" + String(repeating: "a", count: 107),
        "/" + String(repeating: "é", count: 54),
    ])
    func aPathThatCouldMeanSomethingElseIsRefused(_ text: String) {
        #expect(throws: InvalidValue.self) { try UnixPath(text) }
    }

    @Test(arguments: ["/a", "/...", "/a..", "/.a", "/a b", "/" + String(repeating: "a", count: 106)])
    func aPlainPathIsTaken(_ text: String) throws {
        _ = try UnixPath(text)
    }

    @Test func manyStarsTakeNoTime() throws {
        let pattern = "/" + String(repeating: "*a", count: 2000) + "b"
        let path = "/" + String(repeating: "a", count: 106)
        #expect(try !Self.matches(pattern, path, Self.account("alice")))
    }
}
