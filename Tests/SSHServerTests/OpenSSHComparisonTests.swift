import Foundation
import SSHTestFixtures
import Testing

@testable import SSHServer

/// The installed sshd's `-T` reads the same files: its answer is the expected one.
@Suite(.serialized)
struct OpenSSHComparisonTests {
    private let sshd = StockSshd()

    /// What both answer for the keywords that stand in a file; nil is a refusal to start.
    private func compare(_ text: String, _ facts: ConnectionFacts, _ location: SourceLocation) throws {
        let expected = self.sshd.effectiveLines(text, facts)
        let configuration = try? ServerConfiguration.parsing(text)
        guard let configuration, let expected else {
            #expect((configuration == nil) == (expected == nil), "\(text)", sourceLocation: location)
            return
        }
        let keywords = Set(text.lowercased().split { " =\n\t\"".contains($0) }.map(String.init))
        let isNamed = { (line: String) in keywords.contains(String(line.prefix { $0 != " " })) }
        let lines = configuration.effectiveLines(for: facts).filter(isNamed)
        #expect(Set(lines) == Set(expected.filter(isNamed)), "\(text)", sourceLocation: location)
    }

    @Test(.enabled(if: StockSshd.isUsable))
    func singleLinesAreReadAsSshdReadsThem() throws {
        let lines = [
            "Port 22", "Port=23", "Port = 24 # x", "\"Port\" \"25\"", "Port 22 23", "Port 0", "Port 65536", "Port x",
            "Port",
            "AddressFamily inet", "AddressFamily x", "StrictModes no", "StrictModes true", "SyslogFacility LOCAL7",
            "LoginGraceTime 1h30", "LoginGraceTime 1w2d", "LoginGraceTime x", "LoginGraceTime -1",
            "MaxStartups 5:50:60",
            "MaxStartups 10:30", "MaxStartups 20:30:10", "MaxStartups 10", "PerSourceMaxStartups 3",
            "PerSourceMaxStartups none", "PerSourceNetBlockSize 24:64", "PerSourceNetBlockSize 33", "TCPKeepAlive no",
            "AuthorizedKeysFile a b\nAuthorizedKeysFile c", "PubkeyAuthentication no",
            "AllowUsers a b@10.0.0.0/8\nAllowUsers c",
            "AllowUsers a@10.0.0.1/8", "DenyUsers a@*,!b", "DenyGroups a\nAllowGroups b*", "MaxAuthTries 3",
            "MaxAuthTries x",
            "AllowTcpForwarding all", "AllowTcpForwarding LOCAL", "AllowTcpForwarding remote",
            "AllowTcpForwarding maybe",
            "DisableForwarding yes", "PermitListen 8080 localhost:* [::1]:8", "PermitListen any", "PermitListen none",
            "PermitListen any 80", "PermitListen 80 any", "PermitListen 0", "PermitListen a:0", "PermitListen a:b:1",
            "PermitListen [::1:80", "PermitListen [::1]", "PermitListen ::1:80", "PermitListen 65536",
            "PermitListen -1",
            "PermitListen \"a b:80\" 'c:81' d\\ e:82", "PermitListen \"a:80", "PermitOpen a:1 *:* [::1]:*",
            "PermitOpen 80",
            "PermitOpen a", "PermitOpen a:", "PermitOpen a/80", "PermitOpen :80", "PermitOpen none", "GatewayPorts yes",
            "AllowStreamLocalForwarding yes", "AllowStreamLocalForwarding all", "AllowStreamLocalForwarding no",
            "AllowStreamLocalForwarding LOCAL", "AllowStreamLocalForwarding remote",
            "AllowStreamLocalForwarding maybe",
            "StreamLocalBindMask 0117", "StreamLocalBindMask 22", "StreamLocalBindMask 0", "StreamLocalBindMask 1000",
            "StreamLocalBindMask x", "StreamLocalBindUnlink yes", "StreamLocalBindUnlink maybe",
            "GatewayPorts CLIENTSPECIFIED", "GatewayPorts maybe", "ClientAliveInterval 1m", "ClientAliveCountMax 0",
            "ClientAliveCountMax 1s", "RekeyLimit 1.5G 1h", "RekeyLimit default none", "RekeyLimit 16K", "RekeyLimit 8",
            "RekeyLimit 1G 1h x", "MaxSessions 0", "UnusedConnectionTimeout none", "UnusedConnectionTimeout 5m",
            "LogLevel debug1", "LogLevel QUIET", "LogLevel loud", "PidFile none", "Nonsense 1", "Match", "Match user",
            "Match all user a", "Match user a all", "Match address 192.0.2.1/24", "Match localport x",
            "Match user alice\nPort 22",
            "Match all\nPort 29", "Match host=h.* user = al*,!bob # c\nPermitListen 1",
            "Match user bob\nMaxAuthTries x",
            "PermitRootLogin yes", "PermitRootLogin NO", "PermitRootLogin prohibit-password",
            "PermitRootLogin without-password",
            "PermitRootLogin forced-commands-only", "PermitRootLogin maybe", "AuthorizedPrincipalsCommand none",
            "Include", "Include \"\"", "GatewayPorts no\r\nGatewayPorts yes\r", "  GatewayPorts\tyes\t#",
            "#GatewayPorts x",
            "Banner /etc/issue", "Banner none", "Banner", "Banner /a\nMatch user al*\nBanner /b", "UseDNS yes",
            "UseDNS x",
            "VersionAddendum none", "VersionAddendum of example", "VersionAddendum",
            "Match user alice\nVersionAddendum x", "Match user alice\nUseDNS yes",
        ]
        for line in lines {
            try self.compare(line + "\n", .from("alice", host: "h.example", localPort: 2222), #_sourceLocation)
        }
    }

    @Test(.enabled(if: StockSshd.isUsable))
    func generatedMatchBlocksGiveTheSameSettings() throws {
        var generator = SeededGenerator(seed: 2)
        let values: [(keyword: String, values: [String])] = [
            ("AllowTcpForwarding", ["yes", "no", "local", "remote"]),
            ("GatewayPorts", ["yes", "no", "clientspecified"]),
            ("PermitListen", ["8080", "localhost:*", "any", "none", "1 2 3"]),
            ("PermitOpen", ["a:1", "*:80 b:*", "any", "none"]),
            ("MaxAuthTries", ["1", "2", "3"]), ("DisableForwarding", ["yes", "no"]),
            ("AllowStreamLocalForwarding", ["yes", "no", "local", "remote"]),
            ("StreamLocalBindMask", ["0117", "0007"]),
            ("StreamLocalBindUnlink", ["yes", "no"]), ("AllowUsers", ["alice", "b* c", "d@10.0.0.0/8"]),
            ("DenyUsers", ["x", "y z"]), ("ClientAliveCountMax", ["0", "9"]), ("ClientAliveInterval", ["0", "1m"]),
            ("AuthorizedKeysFile", ["/a/%u", "/b /c"]), ("RekeyLimit", ["1G 1h", "512M 2h"]),
        ]
        let conditions = [
            "User alice", "User=bob,al*", "User *,!alice", "Address 192.0.2.0/24", "Address 192.0.2.*,!192.0.2.8",
            "all",
            "LocalPort 22", "LocalPort 2222", "LocalAddress 10.0.0.0/8", "Host *.example", "Host !h.*,*",
            "User alice Host h.*",
            "Address 192.0.2.9 User alice", "User ?lice LocalPort 22",
        ]
        for _ in 0..<60 {
            // The defaults among these keywords that are ours.
            var text = "AuthorizedKeysFile /k/%u\nClientAliveInterval 7\nAllowStreamLocalForwarding no\n"
            for section in 0..<Int.random(in: 1...6, using: &generator) {
                if section > 0 { text += "Match \(conditions.randomElement(using: &generator) ?? "all")\n" }
                for _ in 0..<Int.random(in: 0...4, using: &generator) {
                    guard let entry = values.randomElement(using: &generator) else { continue }
                    text += "\(entry.keyword) \(entry.values.randomElement(using: &generator) ?? "")\n"
                }
            }
            let user = ["alice", "bob", "carol"].randomElement(using: &generator) ?? ""
            let address = ["192.0.2.7", "192.0.2.9", "10.9.9.9"].randomElement(using: &generator) ?? ""
            let port = Bool.random(using: &generator) ? 22 : 2222
            let facts = ConnectionFacts.from(user, address: address, host: "h.example", localPort: port)
            try self.compare(text, facts, #_sourceLocation)
        }
    }
}

/// The sshd of the machine that runs the tests.
private struct StockSshd {
    private static let path = "/usr/sbin/sshd"
    private let folder = TemporaryFolder()

    init() {
        _ = Self.run("/usr/bin/ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", "\(self.folder.path)/key"])
    }

    /// False where it is not installed, or not set up (it wants /run/sshd).
    static let isUsable =
        FileManager.default.isExecutableFile(atPath: path)
        && StockSshd().effectiveLines("Port 22\n", .from("alice")) != nil

    /// The lines of `sshd -T`, or nil if it refuses the file.
    func effectiveLines(_ text: String, _ facts: ConnectionFacts) -> [String]? {
        let file = self.folder.write("config", text)
        let connection =
            "user=\(facts.user),host=\(facts.host),addr=\(facts.address),laddr=\(facts.localAddress),lport=\(facts.localPort)"
        return Self.run(Self.path, ["-T", "-f", file, "-h", "\(self.folder.path)/key", "-C", connection])?
            .split(separator: "\n").map(String.init)
    }

    private static func run(_ program: String, _ arguments: [String]) -> String? {
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return nil }
        let bytes = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return process.terminationStatus == 0 ? String(decoding: bytes, as: UTF8.self) : nil
    }
}
