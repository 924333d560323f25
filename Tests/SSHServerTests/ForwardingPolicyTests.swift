import Testing

@testable import SSHServer

struct ForwardingPolicyTests {
    private static func policy(_ configuration: String, _ options: String) throws -> ForwardingPolicy {
        let settings = try ServerConfiguration.parsing(configuration).settings(for: .from("alice"))
        return ForwardingPolicy(settings: settings, key: try KeyFixture.key(options))
    }

    @Test(arguments: [
        ("", "", true, true), ("DisableForwarding yes", "", false, false),
        ("DisableForwarding yes\nAllowTcpForwarding yes", "port-forwarding", false, false),
        ("AllowTcpForwarding no", "port-forwarding", false, false), ("AllowTcpForwarding local", "", false, true),
        ("AllowTcpForwarding remote", "", true, false), ("", "restrict", false, false),
        ("", "no-port-forwarding", false, false), ("", "restrict,port-forwarding", true, true),
        ("", "port-forwarding,restrict", false, false), ("", "restrict,permitlisten=\"8080\"", false, false),
        ("", "permitopen=\"a:80\"", true, true), ("", "permitlisten=\"8080\"", true, true),
        ("", "permitopen=\"b:80\"", true, false), ("", "permitlisten=\"9090\"", false, true),
        ("PermitListen 8080", "", true, true), ("PermitListen none", "", false, true),
        ("PermitOpen none", "", true, false),
        ("PermitListen none", "permitlisten=\"8080\"", false, true),
        ("PermitListen any", "permitlisten=\"8080\"", true, true),
        ("PermitListen 8080", "permitlisten=\"9090\"", false, true),
        ("PermitListen 9090", "permitlisten=\"8080\"", false, true),
        ("PermitListen 8080", "permitlisten=\"*\"", true, true), ("PermitOpen a:*", "permitopen=\"*:80\"", true, true),
        ("PermitOpen a:80", "permitopen=\"a:81\",permitopen=\"a:80\"", true, true),
        ("PermitOpen a:81 b:80", "", true, false),
        ("Match User bob\nPermitListen none", "", true, true), ("Match User alice\nPermitListen none", "", false, true),
    ])
    func theConfigurationAndTheKeyMustBothPermit(
        _ configuration: String,
        _ options: String,
        _ mayListen: Bool,
        _ mayOpen: Bool
    ) throws {
        let policy = try Self.policy(configuration, options)
        #expect(policy.mayListen(host: "localhost", port: 8080).isPermitted == mayListen)
        #expect(policy.mayOpen(host: "a", port: 80).isPermitted == mayOpen)
    }

    @Test func theRuleNamesFileAndLine() throws {
        let listen = try Self.policy("\nPermitListen 80 8080", "permitlisten=\"8080\",permitlisten=\"9090\"")
        let key = { Rule(file: "/keys/alice", line: 1, text: $0) }
        let configured = { Rule(file: "/etc/relay/config", line: 2, text: $0) }
        #expect(listen.mayListen(host: "", port: 8080) == .permitted(by: key("permitlisten=\"8080\"")))
        #expect(listen.mayListen(host: "", port: 9090) == .refused(by: configured("PermitListen 80 8080")))
        #expect(
            try Self.policy("", "permitlisten=\"1\",permitlisten=\"a:2\"").mayListen(host: "", port: 8080)
                == .refused(by: key("permitlisten=\"1\",permitlisten=\"a:2\""))
        )
        #expect(
            try Self.policy("\nPermitOpen a:1 b:2", "").mayOpen(host: "b", port: 2)
                == .permitted(by: configured("PermitOpen b:2"))
        )
        #expect(try Self.policy("", "restrict,pty").mayOpen(host: "b", port: 2) == .refused(by: key("restrict")))
        #expect(
            try Self.policy("\nAllowTcpForwarding remote", "").mayOpen(host: "b", port: 2)
                == .refused(by: configured("AllowTcpForwarding remote"))
        )
        #expect(
            try Self.policy("\nDisableForwarding yes", "").mayListen(host: "b", port: 2)
                == .refused(by: configured("DisableForwarding yes"))
        )
        let permitted = try Self.policy("", "").mayOpen(host: "b", port: 2)
        #expect(permitted == .permitted(by: .builtIn("AllowTcpForwarding yes")))
        #expect("\(permitted.rule)" == "default: AllowTcpForwarding yes")
    }

    @Test(arguments: [
        ("", "", false), ("PermitListen any", "", false), ("PermitListen *:*", "", false),
        ("PermitListen 80", "", true),
        ("", "permitlisten=\"80\"", true), ("PermitListen *:*", "permitlisten=\"localhost:80\"", true),
        ("PermitListen 80", "permitlisten=\"*\"", true), ("PermitListen 81", "permitlisten=\"80\"", false),
        ("PermitListen other:80", "permitlisten=\"*\"", false),
    ])
    func aPrivilegedPortMustBeNamed(_ configuration: String, _ options: String, _ expected: Bool) throws {
        let policy = try Self.policy(configuration, options)
        #expect(policy.mayListen(host: "localhost", port: 80).isPermitted == expected)
    }

    @Test(arguments: [("", true), ("PermitListen any", true), ("PermitListen *:*", true), ("PermitListen 8080", false)])
    func portZeroNeedsAPermissionForAnyPort(_ configuration: String, _ expected: Bool) throws {
        #expect(try Self.policy(configuration, "").mayListen(host: "localhost", port: 0).isPermitted == expected)
    }

    @Test func portsThatDoNotExistAreRefused() throws {
        let policy = try Self.policy("PermitListen *:*\nPermitOpen *:*", "")
        for port: UInt32 in [65536, 65536 + 8080, .max] {
            #expect(!policy.mayListen(host: "localhost", port: port).isPermitted)
            #expect(!policy.mayOpen(host: "localhost", port: port).isPermitted)
        }
        #expect(!policy.mayOpen(host: "localhost", port: 0).isPermitted)
    }

    @Test func hostileNamesAreJudgedAndNeverPrintedRaw() throws {
        let policy = try Self.policy("PermitListen a:*\nPermitOpen a:*", "")
        let name = String(repeating: "*\u{1b}", count: 50_000)
        #expect(!policy.mayListen(host: name, port: 8080).isPermitted)
        #expect(!policy.mayOpen(host: name, port: 8080).isPermitted)
        let key = try KeyFixture.key("permitlisten=\"\u{1b}[2J:1\"")
        let decision = ForwardingPolicy(settings: AccountSettings(), key: key).mayListen(host: "", port: 8080)
        #expect(decision.rule.description.utf8.allSatisfy { (0x20...0x7e).contains($0) })
    }
}
