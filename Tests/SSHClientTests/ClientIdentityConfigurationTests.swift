import SSHClient
import SSHWire
import Testing

@Suite struct ClientIdentityConfigurationTests {
    private static func load(_ options: String...) throws -> ClientConfiguration {
        let arguments = ["-F", "none"] + options.flatMap { ["-o", $0] } + ["host"]
        guard case .connect(let line) = try ClientCommandLine.parse(arguments, environment: testEnvironment()) else {
            throw SSHError(.misuse, "the arguments name no host")
        }
        return try ClientConfiguration.load(line, environment: testEnvironment(), algorithms: testAlgorithms)
    }

    @Test func theVersionAddendumIsTheRestOfTheLine() throws {
        #expect(try Self.load().versionAddendum.isEmpty)
        #expect(try Self.load("VersionAddendum=none").versionAddendum.isEmpty)
        #expect(try Self.load("VersionAddendum=of example").versionAddendum == "of example")
        for text in ["\u{1b}", "ü", String(repeating: "x", count: 231)] {
            #expect(throws: SSHError.self) { try Self.load("VersionAddendum=\(text)") }
        }
    }

    @Test func authoritiesMaySignWithWhatIsListed() throws {
        #expect(try Self.load().caSignatureAlgorithms == testAlgorithms.pubkeyAcceptedAlgorithms)
        #expect(try Self.load("CASignatureAlgorithms=ssh-ed*").caSignatureAlgorithms == ["ssh-ed25519"])
        #expect(throws: SSHError.self) { try Self.load("CASignatureAlgorithms=-ssh-ed25519") }
        #expect(throws: SSHError.self) { try Self.load("CASignatureAlgorithms=a,,b") }
    }
}
