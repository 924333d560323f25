import Glibc
import SSHClient
import SSHCrypto
import SSHWire
import Testing

@Suite struct KnownHostsTests {
    static let first = testKey(1)
    static let second = testKey(2)
    /// A key of another type: the curve's generator.
    static let ecdsa = try? PublicKey(
        openSSHLine:
            "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBGsX0fLhLEJH+Lzm5WOkQPJ3A32BLeszoPShOUXYmMKWT+NC4v4af5uO5+tKfA+eFivOM1drMV7Oy7ZAaDe/UfU="
    )

    private static func hosts(_ text: String) -> KnownHosts {
        KnownHosts(entries: KnownHosts.parse(Array(text.utf8), file: "kh"))
    }

    private static func line(_ verdict: KnownHosts.Verdict) -> Int? {
        if case .match(let entry) = verdict { entry.line } else { nil }
    }

    @Test func aCommentMayBeInAnyEncoding() {
        let bytes = Array("@revoked host \(Self.first.openSSHText) caf".utf8) + [0xe9, 0x0a]
        #expect(KnownHosts.parse(bytes, file: "kh").first?.marker == .revoked)
    }

    @Test func plainListedWildcardAndPortNamesAreFound() {
        let hosts = Self.hosts(
            """
            # comment
            plain,Listed.Example \(Self.first.openSSHText) comment

            *.wild.example,!not.wild.example \(Self.first.openSSHText)
            [ported]:2222,[::1]:22 \(Self.first.openSSHText)\r
              192.0.2.? \(Self.first.openSSHText)
            """
        )
        #expect(Self.line(hosts.lookup("plain", key: Self.first)) == 2)
        #expect(Self.line(hosts.lookup("listed.example", key: Self.first)) == 2)
        #expect(Self.line(hosts.lookup("LISTED.example", key: Self.first)) == 2)
        #expect(Self.line(hosts.lookup("a.wild.example", key: Self.first)) == 4)
        #expect(Self.line(hosts.lookup(KnownHosts.name(host: "Ported", port: 2222), key: Self.first)) == 5)
        #expect(Self.line(hosts.lookup("192.0.2.7", key: Self.first)) == 6)
        for name in ["not.wild.example", "ported", "other", "[plain]:2222"] {
            guard case .unknown(let others) = hosts.lookup(name, key: Self.first) else {
                Issue.record("\(name) is not in the file")
                continue
            }
            #expect(others.count == 4)
        }
    }

    @Test func hashedNamesAreFound() throws {
        var hosts = KnownHosts()
        let folder = try TemporaryFolder()
        let random = SeededRandom(seed: 1)
        try hosts.add("[secret]:2222", key: Self.first, hashed: true, to: "\(folder.path)/kh", random: random)
        let reread = KnownHosts(readingFiles: ["\(folder.path)/kh"])
        #expect(reread.entries.count == 1)
        #expect(reread.entries == hosts.entries)
        #expect(Self.line(reread.lookup("[secret]:2222", key: Self.first)) == 1)
        guard case .unknown = reread.lookup("secret", key: Self.first) else {
            Issue.record("the port belongs to the name")
            return
        }
    }

    @Test func anotherKeyIsAChangeWhateverItsType() throws {
        let ecdsa = try #require(Self.ecdsa)
        let hosts = Self.hosts("a \(Self.first.openSSHText)\na \(Self.second.openSSHText)\n")
        #expect(Self.line(hosts.lookup("a", key: Self.second)) == 2)
        for key in [testKey(3), ecdsa] {
            guard case .changed(let entries) = hosts.lookup("a", key: key) else {
                Issue.record("ssh calls this a changed key")
                return
            }
            #expect(entries.map(\.line) == [1, 2])
            #expect(entries.first?.description == "kh:1")
        }
    }

    @Test func aRevocationBeatsAMatch() {
        let hosts = Self.hosts("a \(Self.first.openSSHText)\n@revoked * \(Self.first.openSSHText)\n")
        guard case .revoked(let entry) = hosts.lookup("a", key: Self.first) else {
            Issue.record("the key is revoked")
            return
        }
        #expect(entry.line == 2)
    }

    @Test func anAuthoritysKeyIsNoHostsKey() {
        let hosts = Self.hosts("@cert-authority *.example \(Self.first.openSSHText)\n")
        guard case .unknown = hosts.lookup("a.example", key: Self.first) else {
            Issue.record("an authority's key does not identify a host")
            return
        }
        let certified = hosts.lookup("a.example", authority: Self.first, certifiedKey: Self.second)
        #expect(Self.line(certified) == 1)
        guard case .unknown = hosts.lookup("a.other", authority: Self.first, certifiedKey: Self.second) else {
            Issue.record("the authority is not trusted for that host")
            return
        }
    }

    @Test func aRevokedCertifiedKeyIsRevoked() {
        let hosts = Self.hosts("@cert-authority * \(Self.first.openSSHText)\n@revoked * \(Self.second.openSSHText)\n")
        guard case .revoked = hosts.lookup("a", authority: Self.first, certifiedKey: Self.second) else {
            Issue.record("the certified key is revoked")
            return
        }
    }

    @Test func aMatchUnderTheNameWithoutThePortCounts() {
        let hosts = Self.hosts("a \(Self.first.openSSHText)\n")
        #expect(Self.line(hosts.lookup("[a]:2222", fallback: "a", key: Self.first)) == 1)
        // Another key under that name says nothing about another port.
        guard case .unknown = hosts.lookup("[a]:2222", fallback: "a", key: Self.second) else {
            Issue.record("another port may have another key")
            return
        }
    }

    @Test(arguments: [
        "a", "a ssh-ed25519", "a ssh-ed25519 AAAA", "a ssh-rsa \(first.openSSHText.dropFirst(12))",
        "@unknown a \(first.openSSHText)", "@revoked", "|1|x|y \(first.openSSHText)", "|2|a|b \(first.openSSHText)",
        "a 1024 35 1234567", "|1|\(first.openSSHText)", "\0 \(first.openSSHText)",
    ])
    func badLinesArePassedOver(text: String) {
        let hosts = Self.hosts("\(text)\nb \(Self.first.openSSHText)")
        #expect(hosts.entries.map(\.line) == [2])
    }

    @Test func algorithmsOfKnownKeysGoFirst() throws {
        let ecdsa = try #require(Self.ecdsa)
        let algorithms = [
            "ssh-ed25519-cert-v01@openssh.com", "ssh-ed25519", "ecdsa-sha2-nistp256", "rsa-sha2-512", "rsa-sha2-256",
        ]
        let hosts = Self.hosts("a \(ecdsa.openSSHText)\n@cert-authority c \(ecdsa.openSSHText)\n")
        #expect(
            hosts.hostKeyAlgorithmsPreferred(for: "a", among: algorithms) == [
                "ecdsa-sha2-nistp256", "ssh-ed25519", "rsa-sha2-512", "rsa-sha2-256",
                "ssh-ed25519-cert-v01@openssh.com",
            ]
        )
        let keysFirst = Array(algorithms[1...] + algorithms[..<1])
        #expect(hosts.hostKeyAlgorithmsPreferred(for: "b", among: algorithms) == keysFirst)
        #expect(hosts.hostKeyAlgorithmsPreferred(for: "[c]:2222", fallback: "c", among: algorithms) == algorithms)
        #expect(hosts.hostKeyAlgorithmsPreferred(for: "c", among: algorithms) == algorithms)
    }

    @Test func addingMendsAMissingNewlineAndNamesTheLine() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("kh", "# c\na \(Self.first.openSSHText)")
        var hosts = KnownHosts(readingFiles: [path])
        try hosts.add("b", key: Self.second, hashed: false, to: path, random: SeededRandom(seed: 1))
        #expect(hosts.entries.last?.description == "\(path):3")
        let reread = KnownHosts(readingFiles: [path])
        #expect(reread.entries == hosts.entries)
    }

    @Test func addingMakesTheFileAndItsFolderForTheirOwnerAlone() throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/.ssh/known_hosts"
        var hosts = KnownHosts()
        try hosts.add("b", key: Self.first, hashed: false, to: path, random: SeededRandom(seed: 1))
        var status = stat()
        try #require(stat(path, &status) == 0)
        #expect(status.st_mode & 0o777 == 0o600)
        try #require(stat("\(folder.path)/.ssh", &status) == 0)
        #expect(status.st_mode & 0o777 == 0o700)
        #expect(hosts.entries.first?.line == 1)
        #expect(throws: SSHError.self) {
            try hosts.add("b", key: Self.first, hashed: false, to: "/proc/no/such", random: SeededRandom(seed: 1))
        }
    }

    @Test(.enabled(if: hasOpenSSH)) func sshKeygenFindsWhatWasAdded() throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/kh"
        var hosts = KnownHosts()
        for (name, hashed) in [("plain", false), ("[hashed]:2222", true)] {
            try hosts.add(name, key: Self.first, hashed: hashed, to: path, random: SystemRandom())
            #expect(try run(["ssh-keygen", "-F", name, "-f", path]).status == 0, "\(name)")
        }
        #expect(try run(["ssh-keygen", "-H", "-f", path]).status == 0)
        let reread = KnownHosts(readingFiles: [path])
        #expect(reread.entries.count == 2)
        #expect(Self.line(reread.lookup("plain", key: Self.first)) == 1)
        unlink(path + ".old")
    }

    @Test func revokedHostKeysAreAListOrAnError() throws {
        let folder = try TemporaryFolder()
        let good = try folder.write("good", "# c\n\(Self.first.openSSHText) comment\n\n")
        let revoked = try RevokedHostKeys(path: good)
        #expect(revoked.contains(Self.first))
        #expect(!revoked.contains(Self.second))
        for text in ["SSHKRL\n\0", "not a key\n"] {
            let bad = try folder.write("bad", text)
            #expect(throws: SSHError.self) { try RevokedHostKeys(path: bad) }
        }
        #expect(throws: SSHError.self) { try RevokedHostKeys(path: folder.path + "/missing") }
    }
}

/// An ed25519 key that is the same in every run.
func testKey(_ seed: UInt64) -> PublicKey {
    guard let key = try? Ed25519PrivateKey.generate(random: SeededRandom(seed: seed)) else {
        preconditionFailure("a key can always be generated")
    }
    return key.publicKey
}
