import SSHWire
import Testing

@testable import SSHServer

struct ConnectionFactsSpecificationTests {
    private static let text = """
        MaxAuthTries 1
        Match User alice
            MaxAuthTries 2
        Match Host *
            MaxSessions 3
        Match Address 192.0.2.0/24
            ClientAliveCountMax 4
        Match LocalAddress *
            PermitOpen a:1
        Match LocalPort 2222
            PermitListen 5
        Match Invalid-User
            GatewayPorts yes
        Match All
            LogLevel DEBUG2
        Match RDomain vrf*
            StreamLocalBindUnlink yes
        Match User !bob,*
            DisableForwarding yes

        """

    /// The values that a specification turns on, by keyword.
    private static func applied(_ specifications: String...) throws -> Set<String> {
        let configuration = try ServerConfiguration.parsing(Self.text)
        let facts = try ConnectionFacts(specifications: specifications)
        let interesting: Set<String> = [
            "maxauthtries 2", "maxsessions 3", "clientalivecountmax 4", "permitopen a:1", "permitlisten *:5",
            "gatewayports yes", "loglevel DEBUG2", "disableforwarding yes", "streamlocalbindunlink yes",
        ]
        return interesting.intersection(configuration.effectiveLines(for: facts))
    }

    @Test
    func withoutASpecificationOnlyMatchAllApplies() throws {
        #expect(try Self.applied() == ["loglevel DEBUG2"])
        #expect(try Self.applied("") == ["loglevel DEBUG2"])
    }

    @Test(arguments: [
        ("user=alice", ["maxauthtries 2", "disableforwarding yes"]),
        ("user=bob", []),
        ("user=", ["disableforwarding yes"]),
        ("host=", ["maxsessions 3"]),
        ("addr=192.0.2.7", ["clientalivecountmax 4"]),
        ("addr=nonsense", []),
        ("laddr=10.0.0.1", ["permitopen a:1"]),
        ("lport=2222", ["permitlisten *:5"]),
        ("invalid-user", ["gatewayports yes"]),
        ("rdomain=x", []),
        ("rdomain=vrf1", ["streamlocalbindunlink yes"]),
        ("user=alice,lport=2222", ["maxauthtries 2", "disableforwarding yes", "permitlisten *:5"]),
        ("user=alice,user=bob", []),
    ])
    func criteriaAboutWhatIsNotNamedMatchNothing(_ specification: String, _ expected: [String]) throws {
        #expect(try Self.applied(specification) == Set(expected + ["loglevel DEBUG2"]))
    }

    @Test
    func severalSpecificationsAddUp() throws {
        #expect(
            try Self.applied("user=bob,lport=2222", "addr=192.0.2.1")
                == ["permitlisten *:5", "clientalivecountmax 4", "loglevel DEBUG2"]
        )
    }

    @Test(arguments: ["bogus=1", "user", "USER=alice", "lport=x", "lport=0", "lport=65536", "user=a,addr"])
    func aWrongSpecificationIsNamed(_ specification: String) {
        let error = #expect(throws: SSHError.self) { try ConnectionFacts(specifications: [specification]) }
        #expect(error?.code == .invalidConfiguration)
        #expect(error?.reason.contains("-C") == true)
        #expect(error?.reason.contains("expected") == true)
    }
}
