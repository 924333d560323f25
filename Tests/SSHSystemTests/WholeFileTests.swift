import Glibc
import SSHSystem
import SSHTestFixtures
import Testing

struct WholeFileTests {
    private let folder = TemporaryFolder()

    private func text(_ path: String) throws -> String {
        String(decoding: try BoundedFile(path: path, limit: 1 << 20).bytes, as: UTF8.self)
    }

    private func mode(_ path: String) -> UInt32 {
        var information = stat()
        return stat(path, &information) == 0 ? information.st_mode & 0o7777 : 0
    }

    @Test func aNewFileHasTheModeThatWasAskedForWhateverTheMask() throws {
        let path = "\(self.folder.path)/new"
        try WholeFile.write(Array("text".utf8), to: path, mode: 0o664)
        #expect(try self.text(path) == "text")
        #expect(self.mode(path) == 0o664)
    }

    @Test func anOldFileKeepsItsModeAndNobodyWhoHasItOpenSeesTheNewText() throws {
        let path = self.folder.write("old", "old", mode: 0o640)
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        defer { close(descriptor) }
        try WholeFile.write(Array("new".utf8), to: path, mode: 0o600)
        #expect(try self.text(path) == "new")
        #expect(self.mode(path) == 0o640)
        var bytes = [UInt8](repeating: 0, count: 8)
        #expect(read(descriptor, &bytes, 8) == 3)
        #expect(bytes.prefix(3) == Array("old".utf8)[...])
    }

    @Test func aLinkStaysOne() throws {
        let path = self.folder.write("file", "old")
        let link = "\(self.folder.path)/link"
        symlink(path, link)
        try WholeFile.write(Array("new".utf8), to: link, mode: 0o600)
        #expect(try self.text(path) == "new")
        var information = stat()
        #expect(lstat(link, &information) == 0 && information.st_mode & S_IFMT == S_IFLNK)
    }

    @Test func whatIsNoFileIsNotReplacedAndNothingIsLeft() throws {
        self.folder.makeFolder("folder")
        #expect(throws: SystemError.self) {
            try WholeFile.write([1], to: "\(self.folder.path)/folder", mode: 0o600)
        }
        #expect(throws: SystemError.self) { try WholeFile.write([1], to: "/dev/null", mode: 0o600) }
        #expect(throws: SystemError.self) {
            try WholeFile.write([1], to: "\(self.folder.path)/missing/file", mode: 0o600)
        }
        #expect(SystemPath.matching("\(self.folder.path)/.new*") == [])
    }

    @Test func aTurnThatSomebodyElseHasIsNotTaken() throws {
        let turn = try FolderTurn.claim(self.folder.path)
        #expect(throws: SystemError(EBUSY)) { try FolderTurn.claim(self.folder.path, patience: 2) }
        turn.end()
        try FolderTurn.claim(self.folder.path, patience: 1).end()
    }
}
