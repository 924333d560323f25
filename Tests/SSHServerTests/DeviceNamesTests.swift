import SSHConfiguration
import Testing

@testable import SSHServer

struct DeviceNamesTests {
    private func name(_ text: String) -> String? { try? DeviceName(text).text }

    @Test func namesAreLowercaseLettersDigitsAndAFewSigns() {
        #expect(self.name("nuc") == "nuc" && self.name("NUC-7_b.inlets") == "nuc-7_b.inlets")
        #expect(self.name(String(repeating: "a", count: 64)) != nil)
        for text in [
            "", "a b", "nuc.", ".nuc", "a..b", "..", "-a", "a.-b", "a/b", "a*", "a?", "n\u{fc}c", "a\0", "a\n",
            "\u{212a}",
        ] {
            #expect(self.name(text) == nil, "\(text.debugDescription)")
        }
        #expect(self.name(String(repeating: "a", count: 65)) == nil)
    }

    /// What means the relay itself, or an address in any notation, stays what it is to sshd.
    @Test(arguments: [
        "", "*", "localhost", "LocalHost", "127.0.0.1", "::1", "::", "0.0.0.0", "fe80::1%eth0", "972002", "0x7f.1",
        "0177.1",
        "127.1", "0", "a.b", "example.com", "nuc.",
    ])
    func whatIsAnAddressOrHasADotIsNoName(host: String) {
        #expect(DeviceNames("*,!*.*").meaning(of: host) == .host)
    }

    @Test(arguments: ["nuc", "NUC", "972002000333", "0x", "08", "4294967296", "localhost2", "_"])
    func whatTheListMatchesIsAName(host: String) throws {
        #expect(DeviceNames("*,!*.*").meaning(of: host) == .device(try DeviceName(host)))
    }

    @Test func whatTheListMatchesAndIsNoLegalNameIsNothingElseEither() {
        for host in [
            "n\u{fc}c", "a b", "\u{1b}[31m", String(repeating: "a", count: 256), "-a", "[::1]", "a:b", "nuc\0",
        ] {
            guard case .illegal = DeviceNames("*,!*.*").meaning(of: host) else {
                Issue.record("\(host.debugDescription)")
                continue
            }
        }
        guard case .illegal = DeviceNames("*").meaning(of: "nuc.") else {
            Issue.record("a trailing dot")
            return
        }
    }

    @Test func withoutTheKeywordNothingIsAName() {
        #expect(DeviceNames.none.meaning(of: "nuc") == .host)
        #expect(DeviceNames.none.meaning(of: "n\u{fc}c") == .host)
    }

    @Test func patternsHaveNoCase() throws {
        #expect(DeviceNames("*.Inlets").meaning(of: "NUC.inletS") == .device(try DeviceName("nuc.inlets")))
        #expect(DeviceNames("*.inlets").meaning(of: "nuc") == .host)
    }

    @Test func sameNamesOfTwoAccountsAreTwo() throws {
        let name = try DeviceName("nuc")
        let all = [
            RegisteredName(name, port: 22, of: "a"), RegisteredName(name, port: 22, of: "b"),
            RegisteredName(name, port: 23, of: "a"), RegisteredName(name, port: 22, of: "\u{e9}"),
            RegisteredName(name, port: 22, of: "e\u{301}"),
        ]
        #expect(Set(all).count == all.count)
    }

    // MARK: Rules

    private func policy(_ configuration: String, _ options: String = "", keyName: String = "") throws
        -> ForwardingPolicy
    {
        let settings = try ServerConfiguration.parsing("Names *,!*.*\n\(configuration)").settings(for: .from("alice"))
        return ForwardingPolicy(
            settings: Shared(settings),
            key: try KeyFixture.key(options),
            keyName: keyName,
            addressFamily: .any,
            controlSocket: nil
        )
    }

    @Test(
        arguments: [
            ("permitlisten=\"nuc:22\"", "nuc", 22, true), ("permitlisten=\"nuc:22\"", "NUC", 22, true),
            ("permitlisten=\"NUC:22\"", "nuc", 22, true), ("permitlisten=\"nuc:22\"", "nuc", 23, false),
            ("permitlisten=\"nuc:22\"", "nuc2", 22, false), ("permitlisten=\"nuc-*:*\"", "nuc-7", 80, true),
            ("permitlisten=\"22\"", "nuc", 22, true), ("permitlisten=\"localhost:22\"", "nuc", 22, false),
            ("", "nuc", 22, true), ("restrict", "nuc", 22, false),
        ] as [(String, String, UInt32, Bool)]
    )
    func listensByRule(options: String, host: String, port: UInt32, isPermitted: Bool) throws {
        #expect(try self.policy("", options).mayListen(host: host, port: port).isPermitted == isPermitted)
    }

    @Test(
        arguments: [
            ("permitopen=\"nuc:22\"", "nuc", 22, true), ("permitopen=\"NUC:22\"", "Nuc", 22, true),
            ("permitopen=\"nuc-*:22\"", "nuc-1", 22, true), ("permitopen=\"nuc-*:22\"", "nuc", 22, false),
            ("permitopen=\"*:22\"", "nuc", 22, true), ("permitopen=\"localhost:22\"", "nuc", 22, false),
        ] as [(String, String, UInt32, Bool)]
    )
    func opensByRule(options: String, host: String, port: UInt32, isPermitted: Bool) throws {
        #expect(try self.policy("", options).mayOpen(host: host, port: port).isPermitted == isPermitted)
    }

    @Test func theConfigurationsListsCountToo() throws {
        #expect(try !self.policy("PermitListen nuc:22").mayListen(host: "other", port: 22).isPermitted)
        #expect(try self.policy("PermitListen nuc:22").mayListen(host: "nuc", port: 22).isPermitted)
        #expect(try !self.policy("PermitOpen none").mayOpen(host: "nuc", port: 22).isPermitted)
        #expect(try !self.policy("AllowTcpForwarding local").mayListen(host: "nuc", port: 22).isPermitted)
    }

    /// One line for a fleet: each key has the name that stands behind it.
    @Test(arguments: [
        ("nuc-7", "nuc-7", true), ("NUC-7", "nuc-7", true), ("nuc-7", "nuc-8", false), ("", "nuc", false),
        ("*", "nuc", false), ("pi@kitchen", "pi", false), ("a b", "a", false),
    ])
    func aRuleMayNameTheKey(comment: String, host: String, isPermitted: Bool) throws {
        let policy = try self.policy("", "permitlisten=\"%k:22\"", keyName: comment)
        #expect(policy.mayListen(host: host, port: 22).isPermitted == isPermitted)
    }

    /// To what is no name the rule is the text that it is to sshd.
    @Test func aRuleThatNamesTheKeyOpensNoHost() throws {
        let policy = try self.policy("", "permitlisten=\"%k:8080\"", keyName: "localhost")
        #expect(!policy.mayListen(host: "localhost", port: 8080).isPermitted)
    }

    @Test func aHostThatHasBecomeANameLosesItsPort() throws {
        let policy = try self.policy("GatewayPorts clientspecified")
        let rule = policy.refusal(ofListenerOn: "nuc", requestedPort: 8080, port: 8080, addresses: ["192.0.2.1"])
        #expect(rule?.text.contains("device's name now") == true)
        #expect(policy.bindAddresses(requested: "nuc").isEmpty)
    }

    @Test func aNameThatTheListDoesNotMatchAnyMoreGoes() throws {
        let name = RegisteredName(try DeviceName("nuc"), port: 22, of: "alice")
        #expect(try self.policy("").refusal(of: name, requestedAs: "nuc") == nil)
        let without = ForwardingPolicy(settings: AccountSettings(), key: try KeyFixture.key(""))
        #expect(without.refusal(of: name, requestedAs: "nuc") != nil)
        #expect(try self.policy("PermitListen 80").refusal(of: name, requestedAs: "nuc") != nil)
    }
}
