import SSHWire
import Testing

@testable import SSHClient

/// Names that a shell, or another program's options, could take for more than names.
struct NameRulesTests {
    private static let badUsers = [
        "a$(id)", "a`id`", "a;id", "a|id", "a&id", "a>f", "a<f", "a'b", "a\"b", "a{b", "a}b", "a(b", "a)b", "-l",
        "a -b",
        "a\\", "a\nb", "a\tb", "a\u{7f}",
    ]
    private static let shellCommands = [
        "Match exec \"echo %r\"\n Port 77\n", "ProxyCommand nc %r\n", "ProxyCommand nc %%%r%h\n",
    ]

    @Test(arguments: badUsers)
    func aUserFromTheCommandLineIsAName(user: String) {
        for arguments in [["-l", user, "h"], ["--", "\(user)@h"], ["h", "-l", user]] {
            self.expectRefusal("remote username contains invalid characters") {
                try ClientCommandLine.parse(arguments, environment: testEnvironment())
            }
        }
    }

    @Test(arguments: ["a$(id)", "a`id`", "a;id"])
    func aUserInAURIOrAnOptionIsAName(user: String) {
        let encoded = user.utf8.map { "%" + String($0, radix: 16) }.joined()
        for arguments in [["ssh://\(encoded)@h"], ["-o", "User=\(user)", "h"]] {
            self.expectRefusal("remote username contains invalid characters") {
                try ClientCommandLine.parse(arguments, environment: testEnvironment())
            }
        }
    }

    @Test(arguments: badUsers.filter { !$0.contains(",") })
    func aJumpHostsUserIsAName(user: String) {
        #expect(throws: SSHError.self) {
            try ClientCommandLine.parse(["-J", "\(user)@j", "h"], environment: testEnvironment())
        }
    }

    @Test(arguments: ["HOST$", "DOMAIN\\me", "a b", "me@example.org", "\u{e4}"])
    func whatSSHTakesForAUserIsOne(user: String) throws {
        #expect(try self.load(["-l", user, "h"], "").user == user)
    }

    @Test(arguments: shellCommands, ["$HOME", "a$(id)", "a`id`", "a;id"])
    func noShellIsToldAUserWithADollarSignOrMore(command: String, user: String) throws {
        for (arguments, file) in [(["-l", user, "h"], command), (["h"], "User \"\(user)\"\n\(command)")] {
            var isAsked = false
            self.expectRefusal("remote username contains invalid characters") {
                try self.load(arguments, file) { _ in
                    isAsked = true
                    return true
                }
            }
            #expect(!isAsked)
        }
    }

    @Test(arguments: [
        "HostName a;b\nMatch exec \"x %h\"\n", "HostName a;b\nProxyCommand x %h\n",
        "HostKeyAlias $(id)\nMatch exec \"x %k\"\n", "HostKeyAlias $(id)\nProxyCommand x %k\n",
    ])
    func noShellIsToldAHostThatIsNoName(file: String) throws {
        var isAsked = false
        self.expectRefusal("hostname contains invalid characters") {
            try self.load(["h"], file) { _ in
                isAsked = true
                return true
            }
        }
        #expect(!isAsked)
    }

    @Test(arguments: [
        ["a;b"], ["a$b"], ["-J", "a;b", "h"], ["-J", "j,u@a`b", "h"], ["ssh://a;b"], ["-o", "ProxyJump=a$b", "h"],
    ])
    func aHostFromTheCommandLineIsAName(arguments: [String]) {
        #expect(throws: SSHError.self) { try self.load(arguments, "") }
    }

    @Test func namesFromTheFilesThatNoShellSeesAreTheFilesBusiness() throws {
        let configuration = try self.load(["h"], "User \"a|b\"\nHostName x;y\nProxyCommand nc fixed %p\n")
        #expect(configuration.user == "a|b" && configuration.hostName == "x;y")
    }

    private func expectRefusal(_ reason: String, _ action: () throws -> some Any) {
        let error = #expect(throws: SSHError.self) { _ = try action() }
        #expect(error?.reason == reason)
    }

    private func load(
        _ arguments: [String],
        _ file: String,
        executor: ((String) throws -> Bool)? = nil
    ) throws -> ClientConfiguration {
        let folder = try TemporaryFolder()
        let path = try folder.write("config", file)
        let environment = folder.environment()
        guard case .connect(let line) = try ClientCommandLine.parse(["-F", path] + arguments, environment: environment)
        else { throw UnexpectedRequest() }
        return try ClientConfiguration.load(
            line,
            environment: environment,
            algorithms: testAlgorithms,
            matchExecutor: executor
        )
    }
}
