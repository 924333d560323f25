import Testing

@testable import SSHServer

struct UnixForwardingPolicyTests {
    private static let yes = "AllowStreamLocalForwarding yes\n"

    private static func policy(_ configuration: String, _ options: String) throws -> ForwardingPolicy {
        let settings = try ServerConfiguration.parsing(configuration).settings(for: .from("alice"))
        return ForwardingPolicy(settings: settings, key: try KeyFixture.key(options))
    }

    private static func alice() throws -> Account { Account(name: try #require(AccountName("alice"))) }

    /// What `PermitStreamLocalListen /run/alice` and `PermitStreamLocalOpen /run/alice` would ask for.
    private static func answers(_ configuration: String, _ options: String) throws -> [Bool] {
        let policy = try Self.policy(configuration, options)
        return [
            policy.mayListen(path: "/run/alice", for: try Self.alice()).isPermitted,
            policy.mayOpen(path: "/run/alice", for: try Self.alice()).isPermitted,
        ]
    }

    @Test(arguments: [
        "", "AllowTcpForwarding yes", "PermitStreamLocalListen any\nPermitStreamLocalOpen any",
        "AllowStreamLocalForwarding no\nPermitStreamLocalListen any\nPermitStreamLocalOpen any", Self.yes,
        Self.yes + "PermitListen any\nPermitOpen any",
    ])
    func nothingIsOpenUntilItIsAllowedAndAListNamesIt(_ configuration: String) throws {
        #expect(try Self.answers(configuration, "") == [false, false])
        #expect(try Self.answers(configuration, "permitlisten=\"*\",permitopen=\"*:*\"") == [false, false])
    }

    @Test(arguments: [
        ("PermitStreamLocalListen any", "", true, false), ("PermitStreamLocalOpen any", "", false, true),
        ("PermitStreamLocalListen /run/%u", "", true, false),
        ("PermitStreamLocalListen /run/a /run/%u", "", true, false),
        ("PermitStreamLocalListen /run/a", "", false, false),
        ("PermitStreamLocalListen /run/a\nPermitStreamLocalListen /run/alice", "", false, false),
        // The key's own list is enough, unless the configuration has one.
        ("", "permitstreamlocallisten=\"/run/alice\"", true, false),
        ("", "permitstreamlocalopen=\"/run/*\"", false, true), ("", "permitstreamlocalopen=\"any\"", false, true),
        ("", "permitstreamlocalopen=\"none\"", false, false),
        ("PermitStreamLocalOpen none", "permitstreamlocalopen=\"any\"", false, false),
        ("PermitStreamLocalOpen any", "permitstreamlocalopen=\"none\"", false, false),
        ("PermitStreamLocalOpen /run/*", "permitstreamlocalopen=\"/*/alice\"", false, true),
        ("PermitStreamLocalOpen /run/*", "permitstreamlocalopen=\"/run/bob\"", false, false),
        ("PermitStreamLocalOpen /run/bob", "permitstreamlocalopen=\"/run/*\"", false, false),
        ("PermitStreamLocalOpen any", "permitstreamlocallisten=\"/run/alice\"", true, true),
        // What forbids ports forbids sockets.
        ("PermitStreamLocalOpen any", "restrict", false, false),
        ("PermitStreamLocalOpen any", "restrict,port-forwarding", false, true),
        ("PermitStreamLocalOpen any", "restrict,permitstreamlocalopen=\"any\"", false, false),
        ("PermitStreamLocalOpen any", "no-port-forwarding", false, false),
        ("PermitStreamLocalOpen any\nDisableForwarding yes", "", false, false),
        ("PermitStreamLocalOpen any\nAllowTcpForwarding no", "", false, true),
        // Match.
        ("Match User alice\nPermitStreamLocalOpen any", "", false, true),
        ("Match User bob\nPermitStreamLocalOpen any", "", false, false),
        ("PermitStreamLocalOpen any\nMatch User alice\nPermitStreamLocalOpen none", "", false, false),
        ("PermitStreamLocalOpen any\nMatch User alice\nAllowStreamLocalForwarding no", "", false, false),
    ])
    func everyListMustPermitAndOneMustBeThere(
        _ configuration: String,
        _ options: String,
        _ mayListen: Bool,
        _ mayOpen: Bool
    ) throws {
        #expect(try Self.answers(Self.yes + configuration, options) == [mayListen, mayOpen])
    }

    @Test(arguments: [("local", false, true), ("remote", true, false), ("all", true, true)])
    func theDirectionIsTheClients(_ value: String, _ mayListen: Bool, _ mayOpen: Bool) throws {
        let text = "AllowStreamLocalForwarding \(value)\nPermitStreamLocalListen any\nPermitStreamLocalOpen any"
        #expect(try Self.answers(text, "") == [mayListen, mayOpen])
    }

    @Test func aPathThatCouldMeanSomethingElseIsRefusedEvenToAny() throws {
        let policy = try Self.policy(Self.yes + "PermitStreamLocalListen any\nPermitStreamLocalOpen any", "")
        for path in [
            "", "a", "/run/../a", "/run//a", "/run/a/", "/run/\n", "/" + String(repeating: "a", count: 200_000),
        ] {
            #expect(!policy.mayListen(path: path, for: try Self.alice()).isPermitted)
            #expect(!policy.mayOpen(path: path, for: try Self.alice()).isPermitted)
        }
    }

    @Test func theRuleNamesFileAndLine() throws {
        let alice = try Self.alice()
        let configured = { Rule(file: "/etc/relay/config", line: 2, text: $0) }
        let key = { Rule(file: "/keys/alice", line: 1, text: $0) }
        let open = { (configuration: String, options: String, path: String) in
            try Self.policy(configuration, options).mayOpen(path: path, for: alice)
        }
        let list = Self.yes + "PermitStreamLocalOpen /a /b"
        #expect(try open(list, "", "/b") == .permitted(by: configured("PermitStreamLocalOpen /b")))
        #expect(try open(list, "", "/c") == .refused(by: configured("PermitStreamLocalOpen /a /b")))
        let options = "permitstreamlocalopen=\"/a\",permitstreamlocalopen=\"/x\""
        #expect(try open(list, options, "/a") == .permitted(by: key("permitstreamlocalopen=\"/a\"")))
        #expect(try open(list, options, "/b") == .refused(by: key(options)))
        #expect(try open(list, "restrict", "/b") == .refused(by: key("restrict")))
        #expect(
            try open("\nAllowStreamLocalForwarding no", "", "/b")
                == .refused(by: configured("AllowStreamLocalForwarding no"))
        )
        #expect(try open("", "", "/b") == .refused(by: .builtIn("AllowStreamLocalForwarding no")))
        #expect(
            try open(Self.yes, "", "/b")
                == .refused(by: .builtIn("no PermitStreamLocalOpen and no permitstreamlocalopen= names a path"))
        )
    }

    @Test func theAccountIsNeededOnlyForPatternsThatNameItsHomeOrUserID() throws {
        #expect(try !Self.policy(Self.yes + "PermitStreamLocalOpen /run/%u", "").needsUnixAccount)
        #expect(try Self.policy(Self.yes + "PermitStreamLocalOpen /run %h/a", "").needsUnixAccount)
        #expect(try Self.policy(Self.yes, "permitstreamlocallisten=\"/run/%U\"").needsUnixAccount)
    }

    @Test func theSettingsOfAListenerFollowMatch() throws {
        let text = "StreamLocalBindMask 0117\nMatch User alice\nStreamLocalBindUnlink yes\nStreamLocalBindMask 0007"
        let policy = try Self.policy(text, "")
        #expect(policy.streamLocalBindMask == 0o007)
        #expect(policy.streamLocalBindUnlink)
        #expect(try Self.policy("", "").streamLocalBindMask == 0o177)
        #expect(try !Self.policy("", "").streamLocalBindUnlink)
    }
}
