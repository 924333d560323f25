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

    private static func utf16(_ text: String, isBigEndian: Bool) -> [UInt8] {
        text.utf16.flatMap { unit in
            let bytes = [UInt8(truncatingIfNeeded: unit), UInt8(truncatingIfNeeded: unit >> 8)]
            return isBigEndian ? bytes.reversed() : bytes
        }
    }

    @Test(arguments: [true, false])
    func aFileThatIsNoUTF8HasOneReason(isBigEndian: Bool) {
        for mark in ["", "\u{feff}"] {
            let text = mark + KeyFixture.line() + KeyFixture.line("restrict")
            let file = AuthorizedKeysFile(Self.utf16(text, isBigEndian: isBigEndian), path: "k")
            #expect(file.keys.isEmpty)
            #expect(file.problems.map(\.line) == [1])
            #expect(file.problems.first?.reason.contains("UTF-16") == true)
        }
    }

    @Test func aByteOrderMarkIsNamed() {
        let file = AuthorizedKeysFile(
            [0xef, 0xbb, 0xbf] + Array((KeyFixture.line() + KeyFixture.line()).utf8),
            path: "k"
        )
        #expect(file.keys.map(\.line) == [2])
        #expect(file.problems.map(\.line) == [1])
        #expect(file.problems.first?.reason.contains("byte order mark") == true)
    }

    @Test(arguments: [4, 17, 40, 64])
    func aWrappedKeyIsNamed(length: Int) {
        let (start, rest) = (KeyFixture.encoded.prefix(length), KeyFixture.encoded.dropFirst(length))
        let file = KeyFixture.file("\(KeyFixture.type) \(start)\n\(rest)\n\(KeyFixture.line())")
        #expect(file.keys.map(\.line) == [3])
        #expect(file.problems.map(\.line) == [1, 2])
        #expect(file.problems.allSatisfy { $0.blob == nil })
    }

    @Test(arguments: [
        (
            "---- BEGIN SSH2 PUBLIC KEY ----\nComment: \"x\"\nAAAAC3NzaC1lZDI1NTE5\n---- END SSH2 PUBLIC KEY ----",
            "RFC 4716"
        ),
        (
            "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA\n-----END OPENSSH PRIVATE KEY-----",
            "private key"
        ),
        ("-----BEGIN RSA PUBLIC KEY-----\nMIIBCgKCAQEA\n-----END RSA PUBLIC KEY-----", "PEM"),
        ("PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\nPrivate-MAC: 00", "PuTTY"),
        // Cut off: the lines behind it count.
        ("---- BEGIN SSH2 PUBLIC KEY ----\nAAAAC3NzaC1lZDI1NTE5\nA", "RFC 4716"),
    ])
    func aKeyInAnotherFormatHasOneReason(_ text: String, _ word: String) {
        let file = KeyFixture.file("\(text)\n\(KeyFixture.line())")
        #expect(file.keys.count == 1)
        #expect(file.problems.map(\.line) == [1])
        #expect(file.problems.first?.reason.contains(word) == true)
    }

    /// Which key such a line was meant to have, nobody can say: whoever is refused is told.
    @Test func aLineThatCannotBeReadIsAReasonForEveryKeyThatIsNotThere() {
        let file = KeyFixture.file("---- BEGIN SSH2 PUBLIC KEY ----\nAAAA\n---- END\n")
        guard case .refused(let reasons) = AuthorizedKeys(files: [file]).match(blob: [1], at: 0, from: "192.0.2.7")
        else {
            Issue.record("a key that stands nowhere was accepted")
            return
        }
        #expect(reasons.map(\.description).joined().hasPrefix("/keys/alice line 1: a key in the format of RFC 4716"))
    }
}
