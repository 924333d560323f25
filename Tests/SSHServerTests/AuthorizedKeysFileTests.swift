import Testing

@testable import SSHServer

struct AuthorizedKeysFileTests {
    @Test func emptyLinesAndCommentsSayNothing() {
        let file = KeyFixture.file("\n  \n# \(KeyFixture.line())\r\n\t#\n")
        #expect(file.keys.isEmpty && file.problems.isEmpty)
    }

    @Test func aLineHasOptionsAKeyAndAComment() throws {
        let file = KeyFixture.file(
            "\t \(KeyFixture.type) \t \(KeyFixture.encoded)\n" + KeyFixture.line("pty", comment: "a b  c")
        )
        #expect(file.keys.map(\.blob) == [KeyFixture.blob, KeyFixture.blob])
        #expect(file.keys.map(\.comment) == ["", "a b  c"])
        #expect(file.keys.map(\.line) == [1, 2])
        #expect(file.keys.map(\.keyType) == [KeyFixture.type, KeyFixture.type])
    }

    @Test func fewOfManyLinesThatAreNotUsedAreRemembered() {
        let file = KeyFixture.file(String(repeating: "a\n", count: 100_000) + KeyFixture.line())
        #expect(file.keys.map(\.line) == [100_001])
        #expect((1...1000).contains(file.problems.count))
        #expect(file.footprint < 1 << 20)
    }

    @Test func manyPermissionsTakeMoreMemoryThanTheirText() {
        let line = KeyFixture.line(String(repeating: "permitopen=\"a:1\",", count: 4000) + "restrict")
        let file = KeyFixture.file(line)
        #expect(file.keys.count == 1 && file.footprint > 10 * line.utf8.count)
        let many = KeyFixture.file(Array(repeating: line, count: 100).joined(separator: "\n"))
        #expect(many.keys.count < 100 && many.problems.count == 1)
    }

    @Test func linesMayEndInCRLFAndTheLastOneInNothing() {
        let text = "\(KeyFixture.type) \(KeyFixture.encoded)\r\nrestrict \(KeyFixture.type) \(KeyFixture.encoded) a"
        #expect(KeyFixture.file(text).keys.count == 2)
    }

    @Test(arguments: [
        "ssh-ed25519", "ssh-ed25519 ", "ssh-ed25519 AAAA", "ssh-ed25519 !!!!", "ssh-rsa \(KeyFixture.encoded)",
        "ssh-dss \(KeyFixture.encoded)", "ssh-ed25519-cert-v01@openssh.com \(KeyFixture.encoded)", "restrict",
        "restrict \(KeyFixture.encoded)", "ssh-unknown \(KeyFixture.encoded)",
        "command=\"x ssh-ed25519 \(KeyFixture.encoded)",
        "restrict, pty ssh-ed25519 \(KeyFixture.encoded)", "ssh-ed25519\0 \(KeyFixture.encoded)",
        "ssh-ed25519 \(KeyFixture.encoded) a\0b", "SSH-ED25519 \(KeyFixture.encoded)",
        "restrict\u{a0}ssh-ed25519 \(KeyFixture.encoded)",
    ])
    func aLineWithoutAUsableKeyIsIgnoredWithAReason(_ line: String) {
        let file = KeyFixture.file("\n\(line)\n\(KeyFixture.line())")
        #expect(file.keys.map(\.line) == [3])
        #expect(file.problems.map(\.line) == [2])
    }

    @Test func optionsThatAreNoTextVoidTheLineButCommentsMayBeAnything() {
        let key = Array(KeyFixture.line().utf8)
        let file = AuthorizedKeysFile(Array("command=\"".utf8) + [0xff, 0x22, 0x20] + key, path: "k")
        #expect(file.keys.isEmpty && file.problems.count == 1)
        #expect(AuthorizedKeysFile(Array(key.dropLast()) + [0xff, 0xfe], path: "k").keys.count == 1)
    }

    @Test func aLineOfAMegabyteIsIgnoredAndTheNextOneCounts() {
        let long = KeyFixture.line("command=\"\(String(repeating: "x", count: 1 << 20))\"")
        let file = KeyFixture.file(long + KeyFixture.line())
        #expect(file.keys.map(\.line) == [2])
        #expect(file.problems.map(\.line) == [1])
        let shorter = KeyFixture.line("command=\"\(String(repeating: "x", count: 200_000))\"")
        #expect(KeyFixture.file(shorter).keys.count == 1)
    }

    @Test func diagnosticsNeverHoldControlCharacters() throws {
        let problem = try #require(KeyFixture.file(KeyFixture.line("\u{1b}[2J\u{7}")).problems.first)
        #expect(problem.description.utf8.allSatisfy { (0x20...0x7e).contains($0) })
        let key = try #require(KeyFixture.file(KeyFixture.line(comment: "\u{1b}]0;x\u{7}")).keys.first)
        #expect(key.rule.description.utf8.allSatisfy { (0x20...0x7e).contains($0) })
    }
}
