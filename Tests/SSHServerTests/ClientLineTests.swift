import SSHCrypto
import SSHWire
import Testing

@testable import SSHServer

struct ClientLineTests {
    private let key: PublicKey

    init() throws {
        self.key = try PublicKey(openSSHLine: KeyFixture.line())
    }

    private func line(_ change: (inout ClientRights) -> Void = { _ in }, name: String = "nuc") throws -> String {
        var rights = ClientRights()
        change(&rights)
        let line = try ClientLine(self.key, name: name, rights: rights)
        let file = KeyFixture.file(line.text + "\n")
        #expect(file.problems.isEmpty && file.keys.count == 1)
        return line.text
    }

    @Test func whoIsGivenNothingMayDoNothing() throws {
        let line = try self.line(name: "")
        #expect(line == "restrict \(KeyFixture.type) \(KeyFixture.encoded)")
        #expect(KeyFixture.file(line).keys[0].options.permitsPortForwarding == false)
    }

    @Test func listeningAloneOpensNothingAndOpeningAloneListensNowhere() throws {
        let listening = try self.line { $0.listen = ["%k:22", "8022"] }
        #expect(
            listening == "restrict,port-forwarding,permitlisten=\"%k:22\",permitlisten=\"8022\",permitopen=\"none:1\" "
                + "\(KeyFixture.type) \(KeyFixture.encoded) nuc"
        )
        let opening = try self.line { $0.open = ["nuc:*"] }
        #expect(opening.hasPrefix("restrict,port-forwarding,permitlisten=\"none:1\",permitopen=\"nuc:*\" "))
    }

    @Test(arguments: [
        ("2027-01-01", "20270101"), ("2027-01-01T12:30", "202701011230"), ("2027-01-01T12:30:05Z", "20270101123005Z"),
        ("20270101Z", "20270101Z"),
    ])
    func anEndIsWrittenAsOpenSSHWritesIt(_ given: String, _ written: String) throws {
        #expect(try self.line { $0.expires = given }.hasPrefix("restrict,expiry-time=\"\(written)\" "))
    }

    @Test(arguments: ["2027", "soon", "2027-13-01", "2027-01-01\",pty", "-", ""])
    func whatIsNoTimeIsRefused(_ time: String) {
        #expect(throws: SSHError.self) { try self.line { $0.expires = time } }
    }

    @Test(arguments: [
        "a\nb", "a\rb", "a\u{0}", "a\u{85}b", "a\u{2028}b", "\u{1b}[2J", " a", "a ", "\u{202e}x", "\u{fffd}",
        String(repeating: "x", count: 257),
    ])
    func aNameThatCouldBeAnotherLineIsRefused(_ name: String) {
        #expect(throws: SSHError.self) { try self.line(name: name) }
    }

    @Test(arguments: ["pty ssh-ed25519 AAAA", "\",pty", "# x", "a b  c", "ü"])
    func aNameIsNothingButAComment(_ name: String) throws {
        let file = KeyFixture.file(try self.line({ $0.open = ["a:1"] }, name: name))
        #expect(file.keys.map(\.comment) == [name])
        #expect(file.keys.first?.options.permitsPTY == false)
    }

    @Test(arguments: [
        "nuc", "nuc:x", "a b:22", "nuc:22\",pty,permitopen=\"a:1", "nuc:22\\", "a:22,b:22", "a:22\n", "",
    ])
    func aPlaceThatIsNoneIsRefused(_ place: String) {
        #expect(throws: SSHError.self) { try self.line { $0.open = [place] } }
        #expect(throws: SSHError.self) { try self.line { $0.listen = [place] } }
    }

    @Test func theKeysOwnNameMustBeADevices() throws {
        #expect(throws: SSHError.self) { try self.line({ $0.listen = ["%k:22"] }, name: "alice@laptop") }
        #expect(throws: SSHError.self) { try self.line({ $0.open = ["%k:22"] }, name: "") }
        _ = try self.line({ $0.listen = ["nuc:22"] }, name: "alice@laptop")
    }

    @Test func thereAreBounds() {
        #expect(throws: SSHError.self) { try self.line { $0.listen = Array(repeating: "a:1", count: 65) } }
        #expect(throws: SSHError.self) { try self.line { $0.commands = ["list\",pty"] } }
        #expect(throws: SSHError.self) { try self.line { $0.commands = [""] } }
    }
}

struct ClientKeyTests {
    private func key(_ text: String) throws -> ClientKey { try ClientKey(Array(text.utf8)) }

    @Test func aLineOfAFileIsAKeyWithItsComment() throws {
        #expect(try self.key(KeyFixture.line(comment: "  alice@laptop \t")).comment == "alice@laptop")
        #expect(try self.key("# mine\r\n\n \(KeyFixture.type) \(KeyFixture.encoded)\r\n").comment == "")
    }

    @Test(arguments: [
        "", "\n", "ssh-ed25519", "ssh-ed25519 AAAA", KeyFixture.line() + KeyFixture.line(), KeyFixture.line("restrict"),
        "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n",
        "ssh-ed25519-cert-v01@openssh.com AAAA", "ssh-rsa \(KeyFixture.encoded)",
        KeyFixture.line(comment: String(repeating: "x", count: 16 << 10)),
    ])
    func anythingElseIsRefused(_ text: String) {
        #expect(throws: SSHError.self) { try self.key(text) }
    }

    @Test func textThatIsNotUTF8IsRefused() {
        let bytes = Array(KeyFixture.line().utf8.dropLast()) + [0xff]
        #expect(throws: SSHError.self) { try ClientKey(bytes) }
    }
}
