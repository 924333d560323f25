import Testing

@testable import SSHServer

struct AuthorizedKeysPathTests {
    private static func account(_ name: String = "alice", home: String? = "/home/alice") throws -> Account {
        Account(name: try #require(AccountName(name)), home: home, userID: home == nil ? nil : 1000)
    }

    @Test(arguments: [
        ("/k/%u", AuthorizedKeysPath.path("/k/alice")), ("%h/.ssh/k", .path("/home/alice/.ssh/k")),
        (".ssh/k", .path("/home/alice/.ssh/k")),
        ("/k/%U/%%u", .path("/k/1000/%u")), ("/k/%u/*.pub", .pattern("/k/alice/*.pub")),
        ("%u", .path("/home/alice/alice")),
    ])
    func tokensAreReplacedAndRelativePathsBeginInTheHome(_ pattern: String, _ expected: AuthorizedKeysPath) throws {
        #expect(try AuthorizedKeysPath.expand(pattern, for: Self.account()) == expected)
    }

    @Test func anAccountWithoutAHomeHasNoFilesThere() throws {
        let account = try Self.account(home: nil)
        #expect(try AuthorizedKeysPath.expand("/k/%u", for: account) == .path("/k/alice"))
        for pattern in [".ssh/k", "%h/k", "/k/%U"] {
            #expect(try AuthorizedKeysPath.expand(pattern, for: account) == nil)
        }
    }

    @Test func aNameIsNeverAWildcard() throws {
        let account = try Self.account("a*[b]?\\", home: nil)
        #expect(try AuthorizedKeysPath.expand("/k/%u", for: account) == .path("/k/a*[b]?\\"))
        // A combining mark makes one character of itself and what is before it; glob(7) sees bytes.
        let disguised = try Self.account("[\u{301}a\u{600}]lice", home: nil)
        #expect(try AuthorizedKeysPath.expand("/k/%u/*", for: disguised) == .pattern("/k/\\[\u{301}a\u{600}\\]lice/*"))
        #expect(try AuthorizedKeysPath.expand("/k/%u/*", for: account) == .pattern("/k/a\\*\\[b\\]\\?\\\\/*"))
        #expect(try AuthorizedKeysPath.expand("/k/%u", for: Self.account("%h", home: nil)) == .path("/k/%h"))
    }

    @Test(arguments: [
        "", "/", "a/b", "../root", "..", ".", ".hidden", "-x", "a\0b", "a\nb", "a b", "\u{1b}", "a\u{7f}", "a\u{9b}b",
        String(repeating: "a", count: 256),
    ])
    func namesThatCouldLeadElsewhereAreNone(_ name: String) {
        #expect(AccountName(name) == nil)
    }

    @Test(arguments: ["alice", "a.b-c_d", "Ärger", "a..b", "user@example.com", String(repeating: "a", count: 255)])
    func otherNamesAreGood(_ name: String) {
        #expect(AccountName(name)?.text == name)
    }

    @Test func aUnixAccountBringsItsHomeAndItsGroups() throws {
        let root = Account.lookingUp(try #require(AccountName("root")))
        #expect(root.userID == 0)
        #expect(root.home?.hasPrefix("/") == true)
        #expect(root.groups.contains("root"))
        #expect(Account.lookingUp(try #require(AccountName("no-such-account"))).userID == nil)
    }
}
