import Glibc
import SSHCrypto
import SSHTestFixtures
import Testing

@testable import SSHServer

struct ControlSocketPlaceTests {
    private static let long = "/" + String(repeating: "x", count: 107)

    @Test(
        arguments: [
            ("", nil, "/run/relay/relay.sock"), ("PidFile /run/a.pid", "/run/b", "/run/a.sock"),
            ("PidFile /run/a", nil, "/run/a.sock"), ("PidFile none", nil, nil), ("PidFile none", "", nil),
            ("PidFile none", "/run/b", "/run/b/relay.sock"), ("PidFile none", "/run/b:/run/c", "/run/b/relay.sock"),
            ("ControlSocket none", "/run/b", nil), ("ControlSocket /run/x", "/run/b", "/run/x"),
            ("ControlSocket /run/x\nControlSocket none", nil, "/run/x"),
            // Where none can be and nobody has named one, there is none.
            ("PidFile \(Self.long)", nil, nil), ("PidFile relay.pid", nil, nil),
        ] as [(String, String?, String?)]
    )
    func itIsBesideThePidFileUnlessALineSaysOtherwise(_ text: String, _ folder: String?, _ path: String?) throws {
        let configuration = try ServerConfiguration.parsing(text)
        #expect(configuration.controlSocketPath { $0 == "RUNTIME_DIRECTORY" ? folder : nil } == path)
    }

    @Test(arguments: ["relative", "@abstract", "/a/../b", "/a//b", "/a/", Self.long, "\"/a\tb\"", "/a /b"])
    func aLineNamesAPathThatASocketCanHave(_ value: String) {
        #expect(throws: (any Error).self) { try ServerConfiguration.parsing("ControlSocket \(value)") }
    }
}

/// Who reaches the control socket may end connections.
struct ControlSocketPathTests {
    private static func answers(_ configuration: String, _ options: String, at path: String) throws -> [Bool] {
        let settings = try ServerConfiguration.parsing("AllowStreamLocalForwarding yes\n\(configuration)")
            .settings(for: .from("alice"))
        let policy = ForwardingPolicy(
            settings: Shared(settings),
            key: try KeyFixture.key(options),
            addressFamily: .any,
            controlSocket: ControlSocketPath("/nowhere/control")
        )
        let alice = Account(name: try #require(AccountName("alice")))
        return [policy.mayListen(path: path, for: alice), policy.mayOpen(path: path, for: alice)].map(\.isPermitted)
    }

    private static func lists(_ pattern: String) -> String {
        "PermitStreamLocalListen \(pattern)\nPermitStreamLocalOpen \(pattern)"
    }

    private static func options(_ pattern: String) -> String {
        "permitstreamlocallisten=\"\(pattern)\",permitstreamlocalopen=\"\(pattern)\""
    }

    @Test(arguments: ["any", "/nowhere/*", "/nowhere/contro?", "/*/control", "/nowhere/control*"])
    func noWildcardReachesIt(_ pattern: String) throws {
        #expect(try Self.answers(Self.lists(pattern), "", at: "/nowhere/control") == [false, false])
        #expect(try Self.answers("", Self.options(pattern), at: "/nowhere/control") == [false, false])
        // Nor is it enough that one of the two names it.
        let literal = "/nowhere/control"
        #expect(try Self.answers(Self.lists(literal), Self.options(pattern), at: literal) == [false, false])
        #expect(try Self.answers(Self.lists(pattern), Self.options(literal), at: literal) == [false, false])
        // Others are reached as ever.
        if pattern == "any" { #expect(try Self.answers(Self.lists(pattern), "", at: "/nowhere/x") == [true, true]) }
    }

    @Test func noTokenReachesIt() throws {
        let settings = try ServerConfiguration.parsing("AllowStreamLocalForwarding yes\n\(Self.lists("/run/%u"))")
            .settings(for: .from("alice"))
        let policy = ForwardingPolicy(
            settings: Shared(settings),
            key: try KeyFixture.key(""),
            addressFamily: .any,
            controlSocket: ControlSocketPath("/run/alice")
        )
        let alice = Account(name: try #require(AccountName("alice")))
        #expect(!policy.mayOpen(path: "/run/alice", for: alice).isPermitted)
        #expect("\(policy.mayOpen(path: "/run/alice", for: alice).rule)".contains("control socket"))
    }

    @Test func aRuleThatNamesItDoes() throws {
        let path = "/nowhere/control"
        #expect(try Self.answers(Self.lists(path), "", at: path) == [true, true])
        #expect(try Self.answers("", Self.options(path), at: path) == [true, true])
        #expect(try Self.answers(Self.lists("/nowhere/* \(path)"), Self.options(path), at: path) == [true, true])
    }

    /// A policy of an embedding program names no rule: what it permits is not meant for this path.
    @Test func noPolicyOfAProgramReachesIt() throws {
        struct Anything: RelayPolicy {
            func mayLogIn(_ login: RelayLogin) -> Bool { true }
            func mayListen(on endpoint: RelayEndpoint, _ login: RelayLogin) -> Bool { true }
            func mayOpen(_ endpoint: RelayEndpoint, _ login: RelayLogin) -> Bool { true }
        }
        let settings = try ServerConfiguration.parsing("AllowStreamLocalForwarding yes").settings(for: .from("alice"))
        let (key, alice) = (try KeyFixture.key(""), Account(name: try #require(AccountName("alice"))))
        let login = RelayLogin(user: "alice", key: try PublicKey(blob: key.blob), clientAddress: "192.0.2.1")
        let policy = ForwardingPolicy(
            settings: Shared(settings),
            key: key,
            addressFamily: .any,
            ruled: RuledLogin(policy: Anything(), login: login),
            controlSocket: ControlSocketPath("/nowhere/control")
        )
        #expect(policy.mayOpen(path: "/nowhere/other", for: alice).isPermitted)
        #expect(!policy.mayOpen(path: "/nowhere/control", for: alice).isPermitted)
        #expect(!policy.mayListen(path: "/nowhere/control", for: alice).isPermitted)
    }

    /// A client's path leads through no link; the relay's own may.
    @Test func aLinkInItsFoldersNameHidesNothing() throws {
        let folder = TemporaryFolder()
        folder.makeFolder("real")
        symlink("\(folder.path)/real", "\(folder.path)/link")
        let path = ControlSocketPath("\(folder.path)/link/control")
        #expect(path.isReached(by: try UnixPath("\(folder.path)/real/control")))
        #expect(path.isReached(by: try UnixPath("\(folder.path)/link/control")))
        #expect(!path.isReached(by: try UnixPath("\(folder.path)/real/other")))
    }
}
