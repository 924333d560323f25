import Testing

@testable import SSHServer

struct ConfigurationParserTests {
    @Test func theFirstGlobalValueWinsAndAMatchingBlockGoesOverIt() throws {
        let configuration = try ServerConfiguration.parsing(
            """
            GatewayPorts no
            GatewayPorts yes
            Match User alice
                GatewayPorts clientspecified
                PermitListen 1
            Match User a*
                PermitListen 2
                MaxAuthTries 2
            """
        )
        #expect(configuration.settings(for: .from("bob")).gatewayPorts == .no)
        let alice = configuration.settings(for: .from("alice"))
        #expect(alice.gatewayPorts == .clientSpecified)
        #expect(alice.maxAuthTries == 2)
        #expect(alice.$permitListen.rule == Rule(file: "/etc/relay/config", line: 5, text: "PermitListen 1"))
        #expect(configuration.settings(for: .from("anna")).$permitListen.rule?.line == 7)
    }

    @Test func aBlocksListReplacesTheGlobalOneAndListsOfTwoBlocksAddUp() throws {
        let configuration = try ServerConfiguration.parsing(
            """
            AllowUsers a
            AllowUsers b
            Match LocalPort 2222
            AllowUsers c
            Match Address 192.0.2.0/24
            AllowUsers d
            """
        )
        #expect(configuration.settings(for: .from("x", address: "10.1.1.1")).allowUsers.map(\.text) == ["a", "b"])
        #expect(configuration.settings(for: .from("x", localPort: 2222)).allowUsers.map(\.text) == ["c", "d"])
    }

    @Test func globalKeywordsAreRefusedInABlockButNotAfterMatchAll() throws {
        let reason = try #require(ServerConfiguration.refusal("Match User a\nPort 22"))
        #expect(reason == "/etc/relay/config line 2: Port: it is not allowed within a Match block")
        let configuration = try ServerConfiguration.parsing(
            "Match User a\nMaxAuthTries 1\nMatch all\nPort 23\nMaxAuthTries 2"
        )
        #expect(configuration.ports == [23])
        #expect(configuration.settings(for: .from("b")).maxAuthTries == 2)
        #expect(configuration.settings(for: .from("a")).maxAuthTries == 1)
    }

    @Test func wrongValuesInABlockThatNeverMatchesAreRefusedToo() {
        #expect(ServerConfiguration.refusal("Match User nobody\nMaxAuthTries x") != nil)
    }

    @Test func includesAreReadInLexicalOrderWhereTheyStand() throws {
        let configuration = try ServerConfiguration.parsing(
            "Port 1\nInclude conf.d/*.conf /nothing/*\nPort 4\nMaxAuthTries 9",
            files: [
                "/etc/relay/conf.d/b.conf": "Port 3\nMaxAuthTries 2",
                "/etc/relay/conf.d/a.conf": "Port 2\nMaxAuthTries 1",
                "/etc/relay/conf.d/c.txt": "Port 9",
            ]
        )
        #expect(configuration.ports == [1, 2, 3, 4])
        #expect(configuration.defaults.maxAuthTries == 1)
        #expect(configuration.defaults.$maxAuthTries.rule?.file == "/etc/relay/conf.d/a.conf")
    }

    @Test func aMatchInAnIncludedFileDoesNotLeakOut() throws {
        let configuration = try ServerConfiguration.parsing(
            "Include a\nMaxAuthTries 3\nPort 24",
            files: ["/etc/relay/a": "Match User alice\nMaxAuthTries 1"]
        )
        #expect(configuration.defaults.maxAuthTries == 3)
        #expect(configuration.settings(for: .from("alice")).maxAuthTries == 1)
        #expect(configuration.settings(for: .from("bob")).maxAuthTries == 3)
    }

    @Test func anIncludeInABlockHoldsOnlyWhereTheBlockHolds() throws {
        let configuration = try ServerConfiguration.parsing(
            "Match User alice\nInclude *.inc\nMaxSessions 5",
            files: [
                "/etc/relay/1.inc": "Match Address 10.0.0.0/8\nMaxAuthTries 1",
                "/etc/relay/2.inc": "MaxAuthTries 2",
            ]
        )
        #expect(configuration.settings(for: .from("bob", address: "10.1.1.1")).maxAuthTries == 6)
        #expect(configuration.settings(for: .from("alice", address: "10.1.1.1")).maxAuthTries == 1)
        #expect(configuration.settings(for: .from("alice")).maxAuthTries == 2)
        #expect(configuration.settings(for: .from("alice")).maxSessions == 5)
        #expect(configuration.settings(for: .from("bob")).maxSessions == 10)
        let files = ["/etc/relay/a": "Match all\nPort 23"]
        let reason = try #require(ServerConfiguration.refusal("Match User a\nInclude a", files: files))
        #expect(reason.hasPrefix("/etc/relay/a line 2: Port: "))
    }

    @Test func filesThatIncludeThemselvesAreRefused() throws {
        let reason = try #require(ServerConfiguration.refusal("Include /etc/relay/config"))
        #expect(reason.contains("deep"))
        let files = ["/etc/relay/a": "Include a a a a"]
        #expect(ServerConfiguration.refusal("Include a", files: files) != nil)
    }

    @Test func optionsOfTheCommandLineComeFirst() throws {
        let configuration = try ServerConfiguration.parsing(
            "MaxAuthTries 3\nPort 23\nMatch User alice\nMaxAuthTries 4",
            options: ["maxauthtries=2", "PermitListen 8080 9090"]
        )
        #expect(configuration.defaults.maxAuthTries == 2)
        #expect(configuration.settings(for: .from("alice")).maxAuthTries == 4)
        let rule = Rule(file: "command line", line: 2, text: "PermitListen 8080 9090")
        #expect(configuration.defaults.$permitListen.rule == rule)
        #expect(ServerConfiguration.refusal("", options: ["Port=x"])?.hasPrefix("command line line 1: Port: ") == true)
        #expect(ServerConfiguration.refusal("", options: ["Match all"]) != nil)
        #expect(ServerConfiguration.refusal("", options: ["Include x"]) != nil)
    }

    @Test func portsOfTheCommandLineMakePortLinesVoid() throws {
        let configuration = try ServerConfiguration.parsing("Port 1\nPort 2", ports: [3])
        #expect(configuration.ports == [3])
        #expect(throws: (any Error).self) { try ServerConfiguration.parsing("Port x", ports: [3]) }
    }

    @Test func aMissingOrUnreadableFileIsRefused() {
        let files = ConfigurationFiles.system
        #expect(throws: (any Error).self) {
            try ServerConfiguration.load(file: "/nonexistent/x", supported: .forTests, files: files)
        }
    }

    @Test func controlCharactersNeverReachAMessage() throws {
        let reason = try #require(ServerConfiguration.refusal("Port \u{1b}[2J\u{7}"))
        #expect(reason.utf8.allSatisfy { (0x20...0x7e).contains($0) })
        #expect(reason.contains("\\033[2J\\007"))
        let configuration = try ServerConfiguration.parsing("Banner \u{1b}[2J\nCiphers \u{1b},aes256-ctr")
        #expect(configuration.warnings.allSatisfy { $0.description.utf8.allSatisfy { $0 >= 0x20 } })
    }

    @Test func noBytesAreTooWildToBeRefusedOrRead() {
        var generator = SeededGenerator(seed: 1)
        let words = [
            "Match", "Include", "PermitListen", "User", "=", "\"", "\\", "#", "*", ":", "[", "]", "1", "\0", ",", "!",
        ]
        for _ in 0..<2_000 {
            var text: [UInt8] = []
            for _ in 0..<Int.random(in: 0..<12, using: &generator) {
                text += (words.randomElement(using: &generator) ?? "").utf8
                text.append([0x20, 0x0a, 0x0d, 0xff, 0x3d, 0x09].randomElement(using: &generator) ?? 0)
            }
            _ = try? ServerConfiguration.parsing(bytes: text)
            _ = AuthorizedKeysFile(text, path: "k")
        }
    }
}

/// SplitMix64: the same numbers in every run.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        self.state = seed
    }

    mutating func next() -> UInt64 {
        self.state &+= 0x9e37_79b9_7f4a_7c15
        var value = self.state
        value = (value ^ value >> 30) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ value >> 27) &* 0x94d0_49bb_1331_11eb
        return value ^ value >> 31
    }
}
