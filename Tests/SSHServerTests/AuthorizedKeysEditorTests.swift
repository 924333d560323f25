import Glibc
import SSHCrypto
import SSHSystem
import SSHTestFixtures
import SSHWire
import Testing

@testable import SSHServer

struct AuthorizedKeysEditorTests {
    private let folder = TemporaryFolder()

    private var path: String { "\(self.folder.path)/fleet" }
    private var editor: AuthorizedKeysEditor { AuthorizedKeysEditor(path: self.path) }

    private func line(_ number: UInt8 = 0, name: String = "nuc") throws -> ClientLine {
        let blob = KeyFixture.blob.dropLast() + [number]
        return try ClientLine(PublicKey(blob: Array(blob)), name: name, rights: ClientRights())
    }

    private func bytes() throws -> [UInt8] { try BoundedFile(path: self.path, limit: 1 << 25).bytes }

    /// What people and other programs leave in such files.
    private static let old =
        Array("# ours\r\n\n\tpty \(KeyFixture.type) \(KeyFixture.otherEncoded)  old  key \n".utf8)
        + [0xff, 0xfe, 0x0a] + Array("unknown-option \(KeyFixture.type) AAAA x\n#end".utf8)

    @Test func theFirstKeyMakesTheFile() throws {
        #expect(try self.editor.add(self.line()) == 1)
        #expect(try self.bytes() == Array("\(self.line().text)\n".utf8))
        var information = stat()
        #expect(stat(self.path, &information) == 0 && information.st_mode & 0o777 == 0o644)
    }

    @Test func whatStoodThereStaysByteByByteAndWhatWasAddedCanBeTakenOut() throws {
        try WholeFile.write(Self.old, to: self.path, mode: 0o600)
        #expect(try self.editor.add(self.line()) == 7)
        #expect(try self.bytes() == Self.old + Array("\n\(self.line().text)\n".utf8))
        #expect(try self.editor.add(self.line()) == nil)
        let removed = try self.editor.remove { $0.blob == KeyFixture.blob }
        #expect(removed.map(\.line) == [7])
        #expect(try self.bytes() == Self.old + [0x0a])
        #expect(try self.editor.remove { $0.comment == "old  key " }.count == 1)
        let text = String(decoding: try self.bytes(), as: UTF8.self)
        #expect(text.hasPrefix("# ours\r\n\n\u{fffd}"))
    }

    @Test func aKeyStandsThereOnce() throws {
        _ = try self.editor.add(self.line())
        let before = try self.bytes()
        #expect(throws: SSHError.self) { try self.editor.add(self.line(name: "other")) }
        #expect(try self.bytes() == before)
    }

    @Test func aLineThatWouldNotCountIsNotAdded() throws {
        // UTF-16, as Windows writes it.
        let old: [UInt8] = [0xff, 0xfe, 0x23, 0, 0x0a, 0]
        try WholeFile.write(old, to: self.path, mode: 0o600)
        #expect(throws: SSHError.self) { try self.editor.add(self.line()) }
        #expect(try self.bytes() == old)
    }

    @Test func nothingIsWrittenWhereNothingChanges() throws {
        #expect(try self.editor.remove { _ in true }.isEmpty)
        #expect(FileState(of: self.path).isAbsent)
    }

    @Test func aFileThatCannotBeReadIsNotOverwritten() throws {
        self.folder.makeFolder("fleet")
        #expect(throws: SSHError.self) { try self.editor.add(self.line()) }
    }

    @Test func manyAtOnceLoseNothing() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in UInt8(1)...40 {
                group.addTask { _ = try self.editor.add(self.line(number, name: "device-\(number)")) }
            }
            try await group.waitForAll()
        }
        let keys = AuthorizedKeysText(try self.bytes()).keys(path: self.path).keys
        #expect(Set(keys.map(\.comment)) == Set((1...40).map { "device-\($0)" }))
    }
}
