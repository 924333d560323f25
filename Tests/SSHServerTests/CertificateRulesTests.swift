import SSHConfiguration
import SSHTestFixtures
import Testing

@testable import SSHServer

struct CertificateRulesTests {
    private static func rules(
        critical: [(String, [UInt8])] = [],
        extensions: [(String, [UInt8])] = []
    ) throws -> CertificateRules {
        var maker = CertificateMaker()
        maker.criticalOptions = critical.map { (name: $0.0, data: $0.1) }
        maker.extensions = extensions.map { (name: $0.0, data: $0.1) }
        return try CertificateRules(try maker.certificate)
    }

    @Test func withoutExtensionsNothingIsPermitted() throws {
        let rules = try Self.rules()
        #expect(!rules.permitsPortForwarding && rules.requiresUserPresence && !rules.requiresUserVerification)
        #expect(try Self.rules(extensions: [("permit-port-forwarding", [])]).permitsPortForwarding)
        #expect(try !Self.rules(extensions: [("no-touch-required", [])]).requiresUserPresence)
        #expect(try Self.rules(critical: [("verify-required", [])]).requiresUserVerification)
    }

    @Test(arguments: [
        "permit-X11-forwarding", "permit-agent-forwarding", "permit-port-forwarding", "permit-pty", "permit-user-rc",
        "no-touch-required",
    ])
    func extensionWithDataVoidsTheCertificate(_ name: String) throws {
        _ = try Self.rules(extensions: [(name, [])])
        #expect(throws: InvalidValue.self) { try Self.rules(extensions: [(name, [0])]) }
        #expect(throws: InvalidValue.self) { try Self.rules(extensions: [(name, CertificateMaker.data(""))]) }
        // Where it is critical, nobody knows it.
        #expect(throws: InvalidValue.self) { try Self.rules(critical: [(name, [])]) }
    }

    @Test func unknownOptionsAreIgnoredOnlyWhereTheyAreNotCritical() throws {
        _ = try Self.rules(extensions: [("x@example.com", []), ("y@example.com", [1, 2, 3])])
        // Critical options have no meaning among the extensions.
        #expect(try Self.rules(extensions: [("force-command", [1])]).forceCommand == nil)
        #expect(
            try Self.rules(extensions: [("source-address", CertificateMaker.data("192.0.2.1"))]).permits("10.0.0.1")
        )
        #expect(throws: InvalidValue.self) { try Self.rules(critical: [("x@example.com", [])]) }
    }

    @Test func criticalOptionsAreReadInFull() throws {
        let data = CertificateMaker.data
        #expect(try Self.rules(critical: [("force-command", data("x"))]).forceCommand == "x")
        #expect(throws: InvalidValue.self) { try Self.rules(critical: [("verify-required", data(""))]) }
        for content in [[], [0, 0, 0, 1], data("x") + [0], data("a\0b")] {
            #expect(throws: InvalidValue.self) { try Self.rules(critical: [("force-command", content)]) }
            #expect(throws: InvalidValue.self) { try Self.rules(critical: [("source-address", content)]) }
        }
    }

    @Test(arguments: [
        ("192.0.2.7", "192.0.2.7", true), ("192.0.2.0/24", "192.0.2.7", true), ("192.0.2.0/24", "192.0.3.7", false),
        ("10.0.0.1,192.0.2.0/24", "::ffff:192.0.2.7", true), ("2001:db8::/32", "2001:db8::1", true),
        ("2001:db8::/32", "192.0.2.7", false), ("0.0.0.0/0", "192.0.2.7", true), ("0.0.0.0/0", "UNKNOWN", false),
        // An old form of 192.0.0.2, in sshd too.
        ("192.0.2", "192.0.0.2", true),
    ])
    func sourceAddressLimitsWhereFrom(_ list: String, _ address: String, _ isPermitted: Bool) throws {
        let rules = try Self.rules(critical: [("source-address", CertificateMaker.data(list))])
        #expect(rules.permits(address) == isPermitted)
    }

    @Test(arguments: [
        "", ",", "192.0.2.7,", "192.0.2.1/24", "192.0.2.0/33", "!192.0.2.7", "*", "localhost", "192.0.2.*",
        "192.0.2.7 ",
        "fe80::1%eth0", "192.0.2.0/", "/24", "0x7f000001",
    ])
    func sourceAddressThatIsNoListVoidsTheCertificate(_ list: String) {
        #expect(throws: InvalidValue.self) {
            try Self.rules(critical: [("source-address", CertificateMaker.data(list))])
        }
    }

    @Test func lineAndCertificateNarrowEachOther() throws {
        let all = try Self.rules(extensions: [("no-touch-required", []), ("permit-port-forwarding", [])])
        let none = try Self.rules(critical: [("verify-required", [])])
        let line = try KeyFixture.key("no-touch-required,permitlisten=\"8080\"").options
        #expect(try all.narrowing(line) == line)
        #expect(try !all.narrowing(KeyFixture.key("restrict,no-touch-required").options).permitsPortForwarding)
        #expect(try all.narrowing(KeyOptions()).requiresUserPresence)
        let narrowed = try none.narrowing(line)
        #expect(!narrowed.permitsPortForwarding && narrowed.requiresUserPresence && narrowed.requiresUserVerification)
        #expect(narrowed.permitListen == line.permitListen)
    }

    @Test func forcedCommandsAgreeOrNobodyLogsIn() throws {
        let rules = try Self.rules(critical: [("force-command", CertificateMaker.data("a"))])
        #expect(try rules.narrowing(KeyOptions()).command == "a")
        #expect(try rules.narrowing(KeyFixture.key("command=\"a\"").options).command == "a")
        #expect(throws: InvalidValue.self) { try rules.narrowing(KeyFixture.key("command=\"b\"").options) }
    }
}
