import Glibc
import SSHTestFixtures
import Testing

@testable import SSHServer

struct CommandRunnerTests {
    private static let ourName = String(cString: getpwuid(geteuid()).pointee.pw_name)

    private static func run(
        _ command: String,
        _ arguments: [String] = [],
        as user: String = Self.ourName,
        timeLimit: Duration = .seconds(60)
    ) throws -> CommandResult {
        let invocation = CommandInvocation(
            kind: .keys,
            command: try AccountCommand(command, tokens: []),
            arguments: arguments,
            user: user
        )
        return CommandRunner.runNow(invocation, timeLimit: timeLimit)
    }

    private static func failure(_ result: CommandResult) -> String? {
        if case .failure(let failure) = result { failure.line.message } else { nil }
    }

    @Test func commandGetsItsArgumentsAndItsUsersEnvironment() throws {
        let home = String(cString: getpwuid(geteuid()).pointee.pw_dir)
        #expect(try Self.run("/bin/echo", ["a", "b  c"]) == .success(Array("a b  c\n".utf8)))
        let output = try Self.run("/usr/bin/env").get()
        let variables = String(decoding: output, as: UTF8.self).split(separator: "\n").filter { !$0.hasPrefix("LANG=") }
        #expect(
            Set(variables) == [
                "USER=\(Self.ourName)", "LOGNAME=\(Self.ourName)", "HOME=\(home)",
                "PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
            ]
        )
    }

    /// In sshd's words.
    @Test func failureIsTold() throws {
        #expect(Self.failure(try Self.run("/bin/false", ["a b"]))?.hasPrefix("AuthorizedKeysCommand /") == true)
        #expect(Self.failure(try Self.run("/bin/false", ["a b"]))?.hasSuffix("/false \"a b\" failed, status 1") == true)
        let hang = try Self.run("/bin/sleep", ["1000"], timeLimit: .seconds(0))
        #expect(Self.failure(hang) == "AuthorizedKeysCommand /bin/sleep 1000 killed: it took longer than 0 s")
        #expect(
            Self.failure(try Self.run("/no/such/command"))
                == "Could not stat AuthorizedKeysCommand \"/no/such/command\": No such file or directory"
        )
        #expect(
            Self.failure(try Self.run("/bin/echo", as: "no-such-user"))
                == "AuthorizedKeysCommandUser \"no-such-user\" not found"
        )
    }

    @Test func whatTheCommandSaysOfItsFailureIsTold() throws {
        let line = try #require(Self.failure(try Self.run("/bin/ls", ["/no/such/folder"])))
        #expect(line.contains(" failed, status 2: /"))
    }

    @Test func commandThatOthersCouldChangeIsNotRun() throws {
        let folder = TemporaryFolder()
        let script = folder.write("script", "#!/bin/sh\necho key\n", mode: 0o755)
        let line = try #require(Self.failure(try Self.run(script)))
        #expect(line.hasPrefix("Unsafe AuthorizedKeysCommand \"\(script)\": bad ownership or modes for "))
        #expect(Self.failure(try Self.run("/usr"))?.hasSuffix(": /usr is not a regular file") == true)
    }

    @Test(.enabled(if: geteuid() == 0, "only root can run a command as another"))
    func commandRunsAsTheUserThatIsNamed() throws {
        let nobody = try #require(getpwnam("nobody"))
        let (user, group) = (nobody.pointee.pw_uid, nobody.pointee.pw_gid)
        #expect(try Self.run("/usr/bin/id", ["-u"], as: "nobody") == .success(Array("\(user)\n".utf8)))
        #expect(try Self.run("/usr/bin/id", ["-G"], as: "nobody") == .success(Array("\(group)\n".utf8)))
        let capabilities = try Self.run("/bin/grep", ["CapEff", "/proc/self/status"], as: "nobody").get()
        #expect(String(decoding: capabilities, as: UTF8.self) == "CapEff:\t0000000000000000\n")
    }

    @Test func onlyRootRunsACommandAsAnother() throws {
        let user = CommandUser(name: "a", home: "/", userID: 7, groupID: 8, groups: [8, 9])
        #expect(user.isWithinReach(of: 0))
        #expect(user.isWithinReach(of: 7))
        #expect(!user.isWithinReach(of: 8))
        #expect(
            user.arguments(["/x", "-y"], ours: 0)
                == ["/usr/bin/setpriv", "--pdeathsig=KILL", "--reuid=7", "--regid=8", "--groups=8,9", "--", "/x", "-y"]
        )
        #expect(
            user.arguments(["/x"], ours: 7) == ["/x"]
        )
        let lonely = CommandUser(name: "a", home: "/", userID: 7, groupID: 8, groups: [])
        #expect(lonely.arguments(["/x"], ours: 0).contains("--clear-groups"))
        let root = CommandUser(name: "root", home: "/", userID: 0, groupID: 0, groups: [0])
        #expect(root.arguments(["/x"], ours: 0) == ["/usr/bin/setpriv", "--pdeathsig=KILL", "--", "/x"])
    }
}
