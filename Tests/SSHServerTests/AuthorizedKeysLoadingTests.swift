import Glibc
import SSHTestFixtures
import Testing

@testable import SSHServer

struct AuthorizedKeysLoadingTests {
    private let folder = TemporaryFolder()

    /// The account's home is the test's own folder, so that StrictModes does not look at /tmp above it.
    private func load(_ patterns: [String], strictModes: Bool = true) throws -> AuthorizedKeys {
        let account = Account(name: try #require(AccountName("alice")), home: self.folder.path, userID: geteuid())
        return AuthorizedKeys.load(for: account, patterns: patterns, strictModes: strictModes)
    }

    @Test func allFilesAreReadInTheirOrderAndMissingOnesAreNoProblem() throws {
        self.folder.write("alice", KeyFixture.line())
        self.folder.write("b.pub", KeyFixture.line("restrict"))
        self.folder.write("a.pub", KeyFixture.line("pty"))
        let keys = try self.load(["missing", "%u", "%h/*.pub", "nothing/*"])
        #expect(keys.keys.map { $0.file.split(separator: "/").last } == ["alice", "a.pub", "b.pub"])
        #expect(keys.problems == [])
    }

    @Test(arguments: [0o620, 0o602, 0o666] as [mode_t])
    func aFileThatOthersCanWriteToIsRefused(_ mode: mode_t) throws {
        self.folder.write("alice", KeyFixture.line(), mode: mode)
        let keys = try self.load(["%u"])
        #expect(keys.keys.isEmpty)
        #expect(keys.problems.first?.reason.hasPrefix("bad ownership or modes for file") == true)
        #expect(try self.load(["%u"], strictModes: false).keys.count == 1)
    }

    @Test func aFolderThatOthersCanWriteToIsRefused() throws {
        self.folder.makeFolder("open", mode: 0o777)
        self.folder.makeFolder("open/inner")
        self.folder.write("open/inner/alice", KeyFixture.line())
        let keys = try self.load(["open/inner/%u"])
        #expect(keys.keys.isEmpty)
        let reason = try #require(keys.problems.first?.reason)
        #expect(reason.hasPrefix("bad ownership or modes for directory \(self.folder.path)/open"))
    }

    @Test func aLinkIsJudgedByWhereItLeads() throws {
        self.folder.makeFolder("open", mode: 0o777)
        self.folder.write("open/keys", KeyFixture.line())
        symlink("\(self.folder.path)/open/keys", "\(self.folder.path)/alice")
        #expect(try self.load(["%u"]).keys.isEmpty)
        #expect(try self.load(["%u"], strictModes: false).keys.count == 1)
    }

    @Test(.enabled(if: geteuid() == 0)) func aFileOfSomebodyElseIsRefused() throws {
        let path = self.folder.write("alice", KeyFixture.line())
        chown(path, 12_345, 0)
        #expect(try self.load(["%u"]).keys.isEmpty)
    }

    @Test func foldersPipesAndHugeFilesAreRefused() throws {
        self.folder.makeFolder("folder")
        mkfifo("\(self.folder.path)/pipe", 0o600)
        let path = self.folder.write("huge", "")
        truncate(path, off_t(AccountFiles.limit) + 1)
        let keys = try self.load(["folder", "pipe", "huge"])
        #expect(keys.keys.isEmpty)
        #expect(keys.problems.count == 3)
    }
}
