import Glibc
import SSHWire
import Testing

@testable import SSHForwarding

struct UnixSocketFileTests {
    private let folder = SocketFolder()

    private func bind(
        _ path: String,
        mask: UInt32 = 0o177,
        links: SymbolicLinks = .refused,
        unlinks: Bool = false,
        mayUnlink: (UnixSocketFile.Existing) throws -> Void = { _ in }
    ) throws -> UnixSocketFile {
        let file = try UnixSocketFile.bind(
            path: path,
            mask: mask,
            links: links,
            unlinks: unlinks,
            mayUnlink: mayUnlink
        )
        self.folder.keep(file.descriptor)
        return file
    }

    private func refusal(_ bind: () throws -> UnixSocketFile) -> String? {
        do {
            _ = try bind()
            return nil
        } catch {
            return (error as? SSHError)?.reason ?? "\(error)"
        }
    }

    @Test(arguments: [UInt32(0o177), 0o117, 0o111, 0, 0o777, 0o077])
    func theMaskTakesPermissionsWhateverTheProcessHasForIts(_ mask: UInt32) throws {
        let path = self.folder.path("a")
        _ = try self.bind(path, mask: mask)
        #expect(SocketFolder.mode(path) == 0o777 & ~mask)
    }

    @Test func theFileGoesWithItsOwner() throws {
        let path = self.folder.path("a")
        let file = try self.bind(path)
        #expect(SocketFolder.exists(path))
        file.remove()
        #expect(!SocketFolder.exists(path))
    }

    @Test func anotherFileUnderTheSameNameStays() throws {
        let path = self.folder.path("a")
        let file = try self.bind(path)
        unlink(path)
        let other = try self.bind(path)
        #expect(other.identity != file.identity)
        file.remove()
        #expect(SocketFolder.exists(path))
    }

    @Test func aSocketInTheWayIsInUseUnlessItMayBeUnlinked() throws {
        let path = self.folder.path("a")
        let first = try self.bind(path)
        #expect(self.refusal { try self.bind(path) } == "Address already in use")
        #expect(
            self.refusal { try self.bind(path, unlinks: true) { _ in throw SSHError(.misuse, "mine") } } == "mine"
        )
        var asked: [UnixSocketFile.Identity] = []
        let second = try self.bind(path, unlinks: true) { asked.append($0.identity) }
        #expect(asked == [first.identity])
        #expect(second.identity != first.identity)
    }

    @Test func onlyASocketIsEverUnlinked() throws {
        let path = self.folder.path("a")
        self.folder.write("a")
        #expect(
            self.refusal { try self.bind(path, unlinks: true) } == "a file that is no socket is in the way"
        )
        #expect(SocketFolder.exists(path))
        let link = self.folder.path("link")
        let target = try self.bind(self.folder.path("socket"))
        symlink(target.path, link)
        #expect(self.refusal { try self.bind(link, unlinks: true) } == "a file that is no socket is in the way")
        #expect(SocketFolder.exists(link) && SocketFolder.exists(target.path))
        let dangling = self.folder.path("dangling")
        symlink(self.folder.path("nowhere"), dangling)
        #expect(self.refusal { try self.bind(dangling, links: .followed) } == "Address already in use")
        #expect(!SocketFolder.exists(self.folder.path("nowhere")))
    }

    @Test func aSocketThatNobodyListensOnIsKnownFromOneThatIsInUse() throws {
        let path = self.folder.path("a")
        let first = try self.bind(path)
        listen(first.descriptor, 1)
        var answers: [Bool] = []
        _ = self.refusal {
            try self.bind(path, unlinks: true) {
                answers.append(try $0.mayHaveListener())
                throw SSHError(.misuse, "seen")
            }
        }
        self.folder.closeAll()
        _ = try self.bind(path, unlinks: true) { answers.append(try $0.mayHaveListener()) }
        #expect(answers == [true, false])
    }

    @Test func whereSymbolicLinksAreRefusedNoneLeadsElsewhere() throws {
        self.folder.makeFolder("inner")
        symlink(self.folder.path("inner"), self.folder.path("link"))
        let path = self.folder.path("link/a")
        #expect(self.refusal { try self.bind(path) } == "link on the way there is a symbolic link")
        _ = try self.bind(path, links: .followed)
        // With the slash before it, the mark is one character of Swift's.
        self.folder.makeFolder("inner/\u{301}")
        let disguised = self.folder.path("link/\u{301}/a")
        #expect(self.refusal { try self.bind(disguised) } == "link on the way there is a symbolic link")
        #expect(SocketFolder.exists(self.folder.path("inner/a")))
    }

    @Test func theSystemsReasonIsTold() throws {
        #expect(self.refusal { try self.bind(self.folder.path("no/a")) } == "No such file or directory")
        self.folder.write("file")
        #expect(self.refusal { try self.bind(self.folder.path("file/a")) } == "Not a directory")
    }

    @Test func aPathThatTheSystemWouldCutIsRefused() throws {
        let room = 107 - self.folder.path("").utf8.count
        _ = try self.bind(self.folder.path(String(repeating: "a", count: room)))
        let tooLong = self.folder.path(String(repeating: "b", count: room + 1))
        #expect(
            self.refusal { try self.bind(tooLong) } == "a path of 108 bytes is longer than the 107 of a Unix socket's"
        )
    }

    @Test(arguments: ["", "/", "/tmp/", "/tmp/..", "/tmp/.", "a\0b", "relative/a"])
    func whatIsNoSocketsPathIsRefused(_ path: String) {
        #expect(self.refusal { try self.bind(path) } != nil)
    }
}

/// A folder for sockets, gone with its owner, like the sockets that it keeps.
final class SocketFolder {
    private let root: String
    private var names: [String] = []
    private var descriptors: [Int32] = []

    init() {
        var template = Array("/tmp/unix-tests-XXXXXX".utf8CString)
        mkdtemp(&template)
        self.root = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        self.closeAll()
        for name in self.names.reversed() { Glibc.remove("\(self.root)/\(name)") }
        rmdir(self.root)
    }

    func path(_ name: String) -> String {
        self.names.append(name)
        return "\(self.root)/\(name)"
    }

    func makeFolder(_ name: String) {
        mkdir(self.path(name), 0o755)
    }

    func write(_ name: String) {
        close(open(self.path(name), O_WRONLY | O_CREAT | O_CLOEXEC, 0o600))
    }

    func keep(_ descriptor: Int32) {
        self.descriptors.append(descriptor)
    }

    func closeAll() {
        for descriptor in self.descriptors { close(descriptor) }
        self.descriptors = []
    }

    static func exists(_ path: String) -> Bool {
        Self.mode(path) != nil
    }

    static func mode(_ path: String) -> UInt32? {
        var status = stat()
        return lstat(path, &status) == 0 ? UInt32(status.st_mode) & 0o777 : nil
    }
}
