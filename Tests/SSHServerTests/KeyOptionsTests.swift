import SSHForwarding
import Testing

@testable import SSHServer

struct KeyOptionsTests {
    @Test func withoutOptionsAllIsPermitted() throws {
        let options = try KeyFixture.key("").options
        #expect(options == KeyOptions())
        #expect(options.permitsPortForwarding && options.permitListen.isEmpty && options.requiresUserPresence)
    }

    @Test(arguments: [
        ("restrict", false), ("restrict,port-forwarding", true), ("port-forwarding,restrict", false),
        ("no-port-forwarding", false), ("no-port-forwarding,port-forwarding", true), ("RESTRICT,Port-Forwarding", true),
        ("restrict,permitlisten=\"8080\"", false), ("pty", true), ("no-pty", true), (",,restrict,", false),
    ])
    func optionsAreReadFromLeftToRight(_ text: String, _ expected: Bool) throws {
        #expect(try KeyFixture.key(text).options.permitsPortForwarding == expected)
    }

    @Test func flagsSetWhatTheyName() throws {
        let options = try KeyFixture.key("restrict,pty,x11-forwarding,no-touch-required,verify-required").options
        #expect(options.permitsPTY && options.permitsX11Forwarding)
        #expect(!options.permitsAgentForwarding && !options.permitsUserRC && !options.permitsPortForwarding)
        #expect(!options.requiresUserPresence && options.requiresUserVerification)
        let authority = try KeyFixture.key("cert-authority,principals=\"a,b\"").options
        #expect(authority.certificateAuthority && authority.principals == ["a", "b"])
        let others = try KeyFixture.key("environment=\"A_1=x=y\",environment=\"B=\",tunnel=\"any\"").options
        #expect(others.environment == ["A_1=x=y", "B="] && others.tunnel == "any")
    }

    @Test func quotesAreTheOnlyThingThatIsEscaped() throws {
        #expect(try KeyFixture.key("command=\"echo \\\"a b\\\" \\\\n, c\"").options.command == "echo \"a b\" \\\\n, c")
        #expect(try KeyFixture.key("command=\"\"").options.command == "")
    }

    @Test func permissionsAreCollectedWithTheirRules() throws {
        let options = try KeyFixture.key(
            "permitlisten=\"8080\",permitopen=\"[::1]:*\",permitlisten=\"localhost:1\""
        ).options
        #expect(options.permitListen.map(\.host) == ["*", "localhost"])
        #expect(options.permitListen.map(\.rule.text) == ["permitlisten=\"8080\"", "permitlisten=\"localhost:1\""])
        #expect(options.permitOpen.map(\.host) == ["::1"])
        #expect(options.permitOpen.map(\.port) == [.any])
    }

    @Test func pathsAreCollectedWithTheirRules() throws {
        let options = try KeyFixture.key(
            "permitstreamlocallisten=\"/a\",PermitStreamLocalOpen=\"none\",permitstreamlocallisten=\"/run/%u/*\""
        ).options
        #expect(options.permitStreamLocalListen.map(\.text) == ["/a", "/run/%u/*"])
        #expect(options.permitStreamLocalListen.map(\.rule.line) == [1, 1])
        #expect(options.permitStreamLocalOpen.map(\.rule.text) == ["permitstreamlocalopen=\"none\""])
    }

    @Test func theEarliestExpiryTimeCounts() throws {
        let options = try KeyFixture.key(
            "expiry-time=\"20300101Z\",expiry-time=\"20290101Z\",expiry-time=\"20310101Z\""
        ).options
        #expect(options.expiryTime == 1_861_920_000)
    }

    @Test func aRateHasAnEighthOfASecondAsItsBurstUnlessItSaysMore() throws {
        #expect(try KeyFixture.key("restrict,ratelimit=\"10M\"").options.rateLimit?.burst == 1_310_720)
        #expect(try KeyFixture.key("ratelimit=\"64k 1M\"").options.rateLimit?.burst == 1_048_576)
        #expect(try KeyFixture.key("ratelimit=\"64k 1M\"").options.rateLimit?.bytesPerSecond == 65_536)
        #expect(try KeyFixture.key("restrict").options.rateLimit == nil)
    }

    @Test func aKeyGivesTheCommandsThatItsLineNames() throws {
        let commands = try KeyFixture.key("restrict,permitcommand=\"list,host-keys\"").options.permitCommands
        #expect(commands.all == [.whoami, .help, .list, .hostKeys])
        #expect(try KeyFixture.key("restrict").options.permitCommands.all == [.whoami, .help])
        let other = try KeyFixture.key("permitcommand=\"list,kick\"").options.permitCommands
        #expect(commands.intersection(other).all == [.whoami, .help, .list])
        #expect(commands.intersection(.none).all == [.whoami, .help])
    }

    @Test func callersAreJudgedByTheirAddress() throws {
        let list = try #require(
            try KeyFixture.key("permitcallers=\"192.0.2.0/24,!192.0.2.7,2001:db8::/32\"").options.permitCallers
        )
        let callers = ["192.0.2.1", "192.0.2.7", "198.51.100.1", "2001:db8::1", "2001:db9::1", "", "x"]
        #expect(callers.filter { list.permits($0) } == ["192.0.2.1", "2001:db8::1"])
        #expect(try KeyFixture.key("restrict").options.permitCallers == nil)
    }

    @Test(arguments: [
        "unknown", "restrictx", "no-restrict", "no-cert-authority", "restrict=\"x\"", "permitlisten",
        "permitlisten=8080",
        "permitlisten=\"8080", "permitlisten=\"0\"", "permitlisten=\"a:0\"", "permitlisten=\"65536\"",
        "permitlisten=\"-1\"",
        "permitlisten=\"none\"", "permitlisten=\"any\"", "permitlisten=\"\"", "permitopen=\"80\"",
        "permitopen=\"none\"",
        "permitopen=\"a\"", "permitopen=\"a:\"", "permitopen=\"a/80\"", "permitopen=\"a:b:80\"", "permitlisten=\"1\"x",
        "command=\"a\",command=\"b\"", "from=\"a\",from=\"b\"", "principals=\"a\"",
        "cert-authority,principals=\"a\",principals=\"b\"", "from=\"192.0.2.1/24\"", "from=\"\"",
        "expiry-time=\"tomorrow\"",
        "expiry-time=\"\"", "environment=\"=x\"", "environment=\"A\"", "environment=\"A B=c\"", "tunnel=\"x\"",
        "tunnel=\"-1\"",
        "permitstreamlocallisten", "permitstreamlocallisten=\"\"", "permitstreamlocallisten=\"a\"",
        "permitstreamlocalopen=\"/a/../b\"", "permitstreamlocalopen=\"none\",permitstreamlocalopen=\"/a\"",
        "permitstreamlocalopen=\"/a\",permitstreamlocalopen=\"any\"", "permitstreamlocalopen=\"/%x\"",
        "ratelimit", "ratelimit=\"\"", "ratelimit=\"fast\"", "ratelimit=\"1\"", "ratelimit=\"1M 1M 1M\"",
        "ratelimit=\"1M\",ratelimit=\"2M\"",
        "permitcommand", "permitcommand=\"\"", "permitcommand=\"list,\"", "permitcommand=\"LIST\"",
        "permitcommand=\"list\",permitcommand=\"list\"",
        "permitcallers", "permitcallers=\"\"", "permitcallers=\"192.0.2.0/33\"", "permitcallers=\"a,,b\"",
        "permitcallers=\"::1\",permitcallers=\"::2\"",
        "restrict,,unknown", "restrict;pty", "=", "\"", "command=\"a\\\"",
    ])
    func anUnknownOrMalformedOptionVoidsTheLineAndNoOther(_ options: String) throws {
        let file = KeyFixture.file(KeyFixture.line(options) + KeyFixture.line("restrict"))
        #expect(file.keys.map(\.line) == [2])
        let problem = try #require(file.problems.first)
        #expect(file.problems.count == 1)
        #expect((problem.file, problem.line) == ("/keys/alice", 1))
        #expect(problem.reason.hasSuffix(": line ignored"))
    }

    /// Each of these was put to sshd 9.2, which let the key in.
    @Test(arguments: [
        "", ",,restrict,", "restrict,,pty", "RESTRICT", "permitopen=\":80\"", "permitopen=\"[a]:80\"",
        "permitlisten=\"+80\"",
        "environment=\"1A=x\"", "tunnel=\"5\"", "tunnel=\"1\",tunnel=\"2\"", "expiry-time=\"20300231\"",
        "from=\"LOCALHOST,127.*\"", "command=\"\"", "touch-required", "no-verify-required", "verify-required",
        "restrict\t",
    ])
    func whatSshdAcceptsIsAccepted(_ options: String) {
        let file = KeyFixture.file(KeyFixture.line(options))
        #expect(file.keys.count == 1 && file.problems.isEmpty)
    }

    @Test func moreThan4096PermissionsVoidTheLine() throws {
        let options = { KeyFixture.line(Array(repeating: "permitlisten=\"1\"", count: $0).joined(separator: ",")) }
        #expect(KeyFixture.file(options(4096)).keys.count == 1)
        #expect(KeyFixture.file(options(4097)).keys.isEmpty)
    }
}
