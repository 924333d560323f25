import SSHClient
import SSHWire
import Testing

/// The criteria of `Match` that OpenSSH has had since 9.4, 9.8 and 10.0.
@Suite struct MatchCriteriaTests {
    private let folder: TemporaryFolder

    init() throws {
        self.folder = try TemporaryFolder()
    }

    /// Whether a `Match` line with these criteria holds.
    private func holds(_ criteria: String, after lines: String = "", _ arguments: String...) throws -> Bool {
        let path = try self.folder.write("config", "\(lines)\nMatch \(criteria)\nPort 7\n")
        var environment = self.folder.environment()
        environment.interfaceAddresses = { ["127.0.0.1", "192.0.2.7", "::1", "2001:db8::7", "fe80::1%eth0"] }
        let words = ["-F", path] + (arguments.isEmpty ? ["host"] : arguments)
        guard case .connect(let line) = try ClientCommandLine.parse(words, environment: environment) else {
            throw UnexpectedRequest()
        }
        return try ClientConfiguration.load(line, environment: environment, algorithms: testAlgorithms).port == 7
    }

    private struct UnexpectedRequest: Error {}

    @Test func theVersionIsThatOfThisProgram() throws {
        #expect(try self.holds("version swssh_*"))
        #expect(try self.holds("version \"OpenSSH_9.*,swssh_0.?\""))
        #expect(try !self.holds("version OpenSSH_*"))
        #expect(try self.holds("!version OpenSSH_*"))
    }

    @Test func aTagComesFromTheCommandLineOrFromTheLinesBefore() throws {
        #expect(try self.holds("tagged work", "-P", "work", "host"))
        #expect(try self.holds("tagged home,w*", "-Pwork", "host"))
        #expect(try !self.holds("tagged home", "-P", "work", "host"))
        #expect(try self.holds("tagged work", after: "Tag work"))
        #expect(try self.holds("tagged work", after: "Tag home", "-P", "work", "host"), "the first counts")
        #expect(try self.holds("tagged work", "-P", "work", "-P", "home", "host"), "the first counts")
        #expect(try !self.holds("tagged work"))
    }

    @Test func noTagAndNoCommandAreTheEmptyTextAndNoPattern() throws {
        #expect(try self.holds("tagged \"\""))
        #expect(try !self.holds("tagged *"))
        #expect(try !self.holds("tagged \"\"", "-P", "work", "host"))
        #expect(try self.holds("command \"\""))
        #expect(try !self.holds("command *"))
        #expect(try self.holds("command *", "host", "ls"))
        #expect(try !self.holds("command \"\"", "host", "ls"))
    }

    @Test func theCommandIsThatOfTheCommandLine() throws {
        #expect(try self.holds("command \"git-* *\"", "host", "git-upload-pack", "x"))
        #expect(try !self.holds("command git", "host", "git", "x"))
        #expect(try !self.holds("command git", after: "RemoteCommand git"), "ssh does not ask RemoteCommand either")
    }

    @Test func aSessionHasOneOfFourTypes() throws {
        #expect(try self.holds("sessiontype shell"))
        #expect(try self.holds("sessiontype exec", "host", "ls"))
        #expect(try self.holds("sessiontype none", "-N", "host"))
        #expect(try self.holds("sessiontype none", "-W", "a:1", "host"))
        #expect(try self.holds("sessiontype subsystem", after: "SessionType subsystem", "host", "sftp"))
        #expect(try self.holds("!sessiontype none,exec"))
        #expect(try !self.holds("sessiontype shell,!s*"))
    }

    @Test func aLocalNetworkIsOneInWhichAnInterfaceHasAnAddress() throws {
        #expect(try self.holds("localnetwork 192.0.2.0/24"))
        #expect(try self.holds("localnetwork 198.51.100.0/24,2001:db8::/32"))
        #expect(try self.holds("localnetwork 192.0.2.7"))
        #expect(try !self.holds("localnetwork 198.51.100.0/24"))
        #expect(try self.holds("!localnetwork 198.51.100.0/24"))
    }

    @Test(arguments: [
        ("localnetwork 192.0.2.7/24", "has bits set after its mask length"),
        ("localnetwork 192.0.2.0/33", "has a wrong mask length"),
        ("localnetwork 192.0.2.0/24,", "is not an address"),
        ("localnetwork eth0", "is not an address"),
        ("localnetwork", "Missing Match criteria for localnetwork"),
        ("tagged", "Missing Match criteria for tagged"),
        ("command # none", "Missing Match criteria for command"),
        ("version \"\"", "Missing Match criteria for version"),
        ("sessiontype", "Missing Match criteria for sessiontype"),
    ])
    func aWrongValueIsNamed(criteria: String, reason: String) throws {
        let error = try #require(throws: SSHError.self) { try self.holds(criteria) }
        #expect(error.code == .invalidConfiguration)
        #expect(error.reason.contains("config line 2: Bad Match condition: "), "\(error.reason)")
        #expect(error.reason.contains(reason), "\(error.reason)")
    }

    @Test func theAddressesOfThisMachineHoldItsLoopback() throws {
        #expect(testEnvironment().interfaceAddresses().contains("127.0.0.1"))
    }
}
