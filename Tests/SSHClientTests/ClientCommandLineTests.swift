import SSHWire
import Testing

@testable import SSHClient

@Suite struct ClientCommandLineTests {
    private static func parse(_ arguments: String...) throws -> ClientCommandLine {
        try Self.parse(arguments)
    }

    private static func parse(_ arguments: [String]) throws -> ClientCommandLine {
        let request = try ClientCommandLine.parse(arguments, environment: testEnvironment(variables: ["S": "/run/s"]))
        guard case .connect(let line) = request else { throw UnexpectedRequest() }
        return line
    }

    @Test func flagsMayBeBundledAndValuesAttached() throws {
        let line = try Self.parse("-nNTp2222", "-lme", "-L8080:a:80", "host")
        #expect(line.options.port == 2222)
        #expect(line.options.user == "me")
        #expect(line.options.sessionType == SessionType.none)
        #expect(line.options.requestTTY == .no)
        #expect(line.options.standardInputIsNull == true)
        #expect(line.options.localForwards.map(\.description) == ["8080:a:80"])
        #expect(line.host == "host")
    }

    @Test func optionsMayFollowTheHostOnce() throws {
        let line = try Self.parse("host", "-p", "22", "-N", "command", "-x")
        #expect(line.options.port == 22)
        #expect(line.options.sessionType == SessionType.none)
        #expect(line.command == ["command", "-x"])
    }

    @Test func afterTwoHyphensNothingIsAnOption() throws {
        let line = try Self.parse("-v", "--", "host", "-p", "22")
        #expect(line.host == "host")
        #expect(line.options.port == nil)
        #expect(line.command == ["-p", "22"])
    }

    @Test func twoHyphensAfterTheHostEndTheOptionsOfTheCommand() throws {
        #expect(try Self.parse("host", "-N", "--", "-x").command == ["-x"])
    }

    @Test func theFirstUserAndPortWinWhereverTheyStand() throws {
        let line = try Self.parse("-l", "first", "-p", "1", "-o", "Port=2", "-oUser second", "ssh://third@host:3")
        #expect(line.options.user == "first")
        #expect(line.options.port == 1)
        let other = try Self.parse("-o", "port 2", "ssh://third@host:3", "-p", "4", "-l", "fourth")
        #expect(other.options.user == "third")
        #expect(other.options.port == 2)
    }

    @Test func severalForwardsOfEachKindAreKept() throws {
        let line = try Self.parse(
            "-L",
            "1:a:1",
            "-L",
            "2:b:2",
            "-R",
            "0:c:3",
            "-R",
            "4",
            "-D",
            "5",
            "-D",
            "*:6",
            "-L",
            "1:a:1",
            "h"
        )
        #expect(line.options.localForwards.count == 2)
        #expect(line.options.remoteForwards.map(\.description) == ["0:c:3", "4"])
        #expect(line.options.dynamicForwards.map(\.description) == ["5", "*:6"])
    }

    @Test func variablesInForwardsAreExpanded() throws {
        #expect(try Self.parse("-L", "${S}:h:1", "h").options.localForwards.first?.listen == .path("/run/s"))
        #expect(throws: SSHError.self) { try Self.parse("-L", "${MISSING}:h:1", "h") }
    }

    @Test func verbosityRaisesTheLogLevelToDebug3() throws {
        #expect(try Self.parse("-v", "h").options.logLevel == .debug1)
        #expect(try Self.parse("-vv", "h").options.logLevel == .debug2)
        #expect(try Self.parse("-vvvvv", "h").options.logLevel == .debug3)
        #expect(try Self.parse("-q", "h").options.logLevel == .quiet)
    }

    @Test func configurationFilesAreChosenWithF() throws {
        #expect(try Self.parse("h").configurationFile == .standard)
        #expect(try Self.parse("-F", "none", "h").configurationFile == .none)
        #expect(try Self.parse("-F/etc/x", "h").configurationFile == .only("/etc/x"))
    }

    @Test func identitiesTakeATildeAndMissingOnesAreForgotten() throws {
        let folder = try TemporaryFolder()
        let file = try folder.write("key", "")
        let arguments = ["-i", "~/key", "-i", "~/missing", "-i", "/dev/null", "-i", "\(file)/x", "h"]
        guard case .connect(let line) = try ClientCommandLine.parse(arguments, environment: folder.environment()) else {
            throw UnexpectedRequest()
        }
        #expect(line.options.identityFiles == [file, "/dev/null"])
        #expect(
            line.warnings == [
                "Warning: Identity file \(folder.path)/missing not accessible: No such file or directory.",
                "Warning: Identity file \(file)/x not accessible: Not a directory.",
            ]
        )
    }

    @Test(arguments: [
        [], ["-p"], ["-Z", "h"], ["-L"], ["h", "-Z"], ["@h"], ["u@"], [""], ["-N"], ["ssh://u@h:x"], ["h", "-o"],
    ])
    func whatIsNoCommandLineIsAUsageError(arguments: [String]) {
        #expect(throws: UsageError.self) { try Self.parse(arguments) }
    }

    @Test(arguments: [
        (["-p", "0", "h"], "Bad port '0'"),
        (["-p", "65536", "h"], "Bad port '65536'"),
        (["-L", "80", "h"], "Bad local forwarding specification '80'"),
        (["-W", "x", "h"], "Bad stdio forwarding specification 'x'"),
        (["-W", "a:1", "-W", "b:2", "h"], "stdio forward already specified"),
        (
            ["-J", "a", "-J", "b", "h"],
            "Only a single -J option is permitted (use commas to separate multiple jump hops)"
        ),
        (["-o", "ProxyCommand x", "-J", "b", "h"], "Cannot specify -J with ProxyCommand"),
        (["-J", "a;rm", "h"], "Invalid -J argument 'a;rm'"),
        (["-o", "Foo=1", "h"], "command-line line 0: Bad configuration option: foo"),
        (["-o", "Port", "h"], "command-line line 0: no argument after keyword \"port\""),
        (["-o", "Match=all", "h"], "command-line line 0: Match cannot be given with -o; put it into a file for -F"),
        (["-o", "SessionType=default", "-N", "h"], "Cannot specify -N with -s/SessionType"),
        (["--", "-oProxyCommand=x"], "hostname contains invalid characters"),
        (["a`b"], "hostname contains invalid characters"),
        (["-l", "-x", "h"], "remote username contains invalid characters"),
        (["-w", "0:0", "h"], "option -w is not supported"),
        (["-S", "/x", "h"], "option -S is not supported"),
    ])
    func whatIsWrongIsNamedInOneLine(arguments: [String], reason: String) throws {
        let error = try #require(throws: SSHError.self) { try Self.parse(arguments) }
        #expect(error.reason == reason)
        #expect(error.code == .invalidConfiguration)
    }

    @Test func optionsThatChangeNothingAreAccepted() throws {
        let line = try Self.parse("-2x", "-S", "none", "-Snone", "-k", "h")
        #expect(line.host == "h")
        #expect(line.warnings.isEmpty)
    }

    @Test func ignoreUnknownHoldsForTheOptionsAfterIt() throws {
        #expect(try Self.parse("-o", "IgnoreUnknown=Fo*", "-o", "Foo=1", "h").host == "h")
    }

    @Test func versionAndQueriesNeedNoHost() throws {
        guard case .version = try ClientCommandLine.parse(["-V"], environment: testEnvironment()) else {
            Issue.record("-V asks for the version")
            return
        }
        guard case .query("cipher") = try ClientCommandLine.parse(["-Q", "cipher"], environment: testEnvironment())
        else {
            Issue.record("-Q asks for a list")
            return
        }
    }

    @Test func theTargetsOptionsDoNotApplyToItsJumpHosts() throws {
        let line = try Self.parse(
            "-vF",
            "/f",
            "-p",
            "1",
            "-l",
            "u",
            "-i",
            "/dev/null",
            "-L",
            "1:a:1",
            "-o",
            "Ciphers=x",
            "-J",
            "a,b",
            "h"
        )
        let jump = line.forJump(
            to: JumpHost(user: "x", host: "b", port: 7),
            through: [JumpHost(user: nil, host: "a", port: nil)],
            target: .host("h", port: 1)
        )
        #expect(jump.host == "b")
        #expect(jump.options.user == "x")
        #expect(jump.options.port == 7)
        #expect(jump.options.proxy == .jump([JumpHost(user: nil, host: "a", port: nil)]))
        #expect(jump.options.standardInputForward == .host("h", port: 1))
        #expect(jump.options.identityFiles.isEmpty)
        #expect(jump.options.localForwards.isEmpty)
        #expect(jump.options.ciphers == nil)
        #expect(jump.configurationFile == .only("/f"))
        #expect(jump.options.logLevel == .debug1)
    }
}
