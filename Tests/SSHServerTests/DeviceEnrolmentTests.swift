import Glibc
import SSHCrypto
import SSHSystem
import SSHTestFixtures
import SSHWire
import Testing

@testable import SSHServer

struct DeviceEnrolmentTests {
    private let folder = TemporaryFolder()
    private let now: UInt64 = 1_800_000_000

    private func configuration(_ text: String? = nil) throws -> ServerConfiguration {
        try ServerConfiguration.parsing(
            text ?? """
                AuthorizedKeysFile \(self.folder.path)/keys/%u \(self.folder.path)/state/authorized_keys/%u
                StateDirectory \(self.folder.path)/state
                """
        )
    }

    private var file: String { "\(self.folder.path)/state/authorized_keys/fleet" }

    /// - Returns: the one-time key.
    private func invite(_ change: (inout ClientRights) -> Void = { $0.listen = ["%k:22"] }) throws -> PublicKey {
        self.folder.makeFolder("keys")
        self.folder.makeFolder("state")
        self.folder.makeFolder("state/authorized_keys")
        var rights = ClientRights()
        change(&rights)
        let invite = try NewInvite(
            self.configuration(),
            account: "fleet",
            makesAccount: true,
            rights: rights,
            seconds: 60,
            now: self.now
        )
        return try PrivateKeyFile.parse(invite.keyFile.withBytes { Array($0) }).key.publicKey
    }

    private func line(_ number: UInt8) throws -> String {
        try PublicKey(blob: KeyFixture.blob.dropLast() + [number]).openSSHText + " me@device\n"
    }

    @discardableResult
    private func enrol(_ name: String, _ text: String, by invite: PublicKey, late: UInt64 = 0) throws -> ClientLine {
        try DeviceEnrolment(self.configuration()).enrol(name, Array(text.utf8), by: invite, now: self.now + late)
    }

    private func lines() throws -> [String] {
        guard access(self.file, F_OK) == 0 else { return [] }
        let bytes = try BoundedFile(path: self.file, limit: 1 << 20).bytes
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
    }

    @Test func aDevicesKeyComesInUnderTheNameThatItChose() throws {
        let invite = try self.invite()
        let line = try self.enrol("NUC", self.line(1), by: invite)
        #expect(line.name == "nuc")
        #expect(try self.lines() == [line.text])
        #expect(
            line.text.hasPrefix("restrict,port-forwarding,permitlisten=\"%k:22\",permitopen=\"none:1\" ssh-ed25519 ")
        )
        // The same device again, which did not hear the answer.
        #expect(try self.enrol("nuc", self.line(1), by: invite).text == line.text)
        #expect(try self.lines().count == 1)
    }

    @Test func anInviteIsForOneDeviceAndForItsTime() throws {
        let invite = try self.invite()
        #expect(throws: SSHError.self) { try self.enrol("nuc", self.line(1), by: invite, late: 61) }
        try self.enrol("nuc", self.line(1), by: invite)
        #expect(throws: SSHError.self) { try self.enrol("other", self.line(2), by: invite) }
        #expect(throws: SSHError.self) { try self.enrol("nuc", self.line(2), by: invite) }
        #expect(try self.lines().count == 1)
    }

    @Test(arguments: [
        "", "a b", "-x", "..", "nuc\nssh-ed25519 AAAA x", "nuc\"", "%k", String(repeating: "x", count: 65),
    ])
    func aNameThatIsNoneLeavesTheInviteAsItWas(_ name: String) throws {
        let invite = try self.invite()
        #expect(throws: SSHError.self) { try self.enrol(name, self.line(1), by: invite) }
        #expect(try self.lines() == [])
        try self.enrol("nuc", self.line(1), by: invite)
    }

    @Test func whatIsNoKeyLeavesTheInviteAsItWas() throws {
        let invite = try self.invite()
        for text in [
            "", "ssh-ed25519", "restrict \(try self.line(1))", try self.line(1) + self.line(2), invite.openSSHText,
        ] {
            #expect(throws: SSHError.self) { try self.enrol("nuc", text, by: invite) }
        }
        #expect(try self.lines() == [])
        try self.enrol("nuc", self.line(1), by: invite)
    }

    @Test func namesAndKeysOfOthersAreNotTaken() throws {
        let (first, second) = (try self.invite(), try self.invite())
        try self.enrol("nuc", self.line(1), by: first)
        #expect(throws: SSHError.self) { try self.enrol("nuc", self.line(2), by: second) }
        #expect(throws: SSHError.self) { try self.enrol("other", self.line(1), by: second) }
        self.folder.write("keys/fleet", "pty \(try self.line(3))")
        #expect(throws: SSHError.self) { try self.enrol("other", self.line(3), by: second) }
        try self.enrol("other", self.line(2), by: second)
        #expect(try self.lines().count == 2)
    }

    @Test func aKeyThatWasTakenOutDoesNotComeBack() throws {
        let invite = try self.invite()
        try self.enrol("nuc", self.line(1), by: invite)
        _ = try ClientRegister(self.configuration()).remove(.comment("nuc"), account: nil)
        #expect(throws: SSHError.self) { try self.enrol("nuc", self.line(1), by: invite) }
        #expect(try self.lines() == [])
    }

    @Test func anInviteThatWouldLetNobodyInIsNotMade() throws {
        #expect(throws: SSHError.self) { try self.invite { $0.listen = ["nuc"] } }
        #expect(throws: SSHError.self) { try self.invite { $0.open = ["a:1\",pty"] } }
        for text in [
            "StateDirectory none", "StateDirectory \(self.folder.path)/state\nAuthorizedKeysFile /keys/%u",
        ] {
            #expect(throws: SSHError.self) {
                try NewInvite(
                    self.configuration(text),
                    account: "fleet",
                    makesAccount: true,
                    rights: ClientRights(),
                    seconds: 60
                )
            }
        }
    }
}
