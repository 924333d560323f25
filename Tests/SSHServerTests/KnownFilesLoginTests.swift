import Glibc
import NIOCore
import SSHCrypto
import SSHProtocol
import SSHSystem
import SSHTestFixtures
import SSHWire
import Testing

@testable import SSHServer

/// Logins that are judged without reading a file, and those that cannot be.
struct KnownFilesLoginTests {
    private static let claim = LoginClaim(user: LoginBench.user, credential: .key(CertificateMaker.key))

    private let bench: LoginBench
    private let lists = KeyLists()
    private let accounts = KnownAccounts()

    private init(_ configuration: String = "", keys: String = CertificateMaker.key.openSSHText + "\n") {
        self.bench = LoginBench(configuration)
        self.bench.write("keys", keys)
    }

    private func files(mayRead: Bool) -> AccountFiles {
        // Long after the files were written: a new file may be written again without looking different.
        AccountFiles(lists: self.lists, accounts: self.accounts, mayRead: mayRead, now: UInt64(time(nil)) + 100)
    }

    private func read(_ claim: LoginClaim = Self.claim) throws -> LoginDecision {
        try self.bench.judge(claim, files: self.files(mayRead: true))
    }

    /// - Returns: nil if something would have to be read.
    private func remember(_ claim: LoginClaim = Self.claim) throws -> LoginDecision? {
        let files = self.files(mayRead: false)
        let decision = try self.bench.judge(claim, files: files)
        return files.hasMissed ? nil : decision
    }

    @Test func secondLoginIsJudgedWithoutReading() throws {
        let test = Self()
        #expect(try test.remember() == nil)
        #expect(try test.read().isAccepted)
        #expect(try test.remember()?.isAccepted == true)
    }

    @Test func keyThatStandsNowhereIsRefusedWithoutReading() throws {
        let test = Self(keys: "# nobody\n" + CertificateMaker.otherKey.openSSHText + "\n")
        #expect(try !test.read().isAccepted)
        #expect(try test.remember()?.isAccepted == false)
    }

    @Test func fileThatHasChangedIsRead() throws {
        let test = Self()
        _ = try test.read()
        test.bench.write("keys", "# nobody any more\n")
        #expect(try test.remember() == nil)
        #expect(try !test.read().isAccepted)
        #expect(try test.remember()?.isAccepted == false)
        unlink(test.bench.path("keys"))
        #expect(try test.remember() == nil)
    }

    /// The default names two, of which most accounts have one.
    @Test func secondFileMayBeMissing() throws {
        let test = Self("Match all\nAuthorizedKeysFile FOLDER/keys FOLDER/keys2")
        _ = try test.read()
        #expect(try test.remember()?.isAccepted == true)
        test.bench.write("keys2", "# something\n")
        #expect(try test.remember() == nil)
        _ = try test.read()
        #expect(try test.remember()?.isAccepted == true)
    }

    @Test func longFileIsNotSearchedOnTheEventLoop() throws {
        let key = CertificateMaker.key.openSSHText
        let test = Self(keys: key + "\n" + String(repeating: "# \(key)\n", count: 4000))
        #expect(try test.read().isAccepted)
        #expect(try test.remember() == nil)
    }

    @Test func wildcardsNeedTheFolder() throws {
        let test = Self("Match all\nAuthorizedKeysFile FOLDER/key?")
        #expect(try test.read().isAccepted)
        #expect(try test.remember() == nil)
    }

    @Test func revokedKeysAreRememberedAndReadWhenTheyChange() throws {
        let test = Self("RevokedKeys FOLDER/revoked")
        test.bench.write("revoked", "# none\n")
        #expect(try test.read().isAccepted)
        #expect(try test.remember()?.isAccepted == true)
        test.bench.write("revoked", CertificateMaker.key.openSSHText + "\n")
        #expect(try test.remember() == nil)
        #expect(try !test.read().isAccepted)
    }

    /// It may be written again without looking different.
    @Test func newFileIsReadAgain() throws {
        let test = Self()
        let files = AccountFiles(lists: test.lists, accounts: test.accounts)
        #expect(try test.bench.judge(Self.claim, files: files).isAccepted)
        #expect(try test.remember() == nil)
    }

    /// StrictModes looks at folders: those of a file that is known, and up to a home whose place is known.
    @Test func strictModesHold() throws {
        let test = Self()
        test.bench.folder.makeFolder("inner", mode: 0o700)
        test.bench.write("inner/keys", CertificateMaker.key.openSSHText + "\n")
        let account = Account(name: try #require(AccountName(LoginBench.user)), home: test.bench.folder.path)
        func load(mayRead: Bool) -> (AuthorizedKeys, hasMissed: Bool) {
            let files = test.files(mayRead: mayRead)
            var consulted = ConsultedFiles(files)
            let pattern = test.bench.path("inner/keys")
            let keys = AuthorizedKeys.load(for: account, patterns: [pattern], strictModes: true, &consulted)
            return (keys, files.hasMissed)
        }
        #expect(load(mayRead: true).0.keys.count == 1)
        #expect(load(mayRead: false).0.keys.count == 1)
        chmod(test.bench.path("inner"), 0o777)
        let loaded = load(mayRead: false)
        #expect(loaded.0.keys.isEmpty && loaded.0.problems.count == 1 && !loaded.hasMissed)
    }

    @Test func accountIsKnownForASecond() throws {
        let (accounts, name) = (KnownAccounts(), try #require(AccountName("root")))
        #expect(accounts.recent(name, groups: false) == nil)
        let asked = NIODeadline.now()
        #expect(accounts.lookUp(name, groups: false).userID == 0)
        #expect(accounts.recent(name, groups: false, now: asked)?.userID == 0)
        // Who asks for groups gets no account without.
        #expect(accounts.recent(name, groups: true, now: asked) == nil)
        #expect(accounts.recent(name, groups: false, now: .now() + KnownAccounts.lifetime) == nil)
        accounts.forget()
        #expect(accounts.recent(name, groups: false, now: asked) == nil)
    }

    @Test func unknownNamesDoNotPileUp() throws {
        let accounts = KnownAccounts()
        let names = (0..<3000).compactMap { AccountName("stranger\($0)") }
        for name in names { _ = accounts.lookUp(name, groups: false) }
        let known = names.filter { accounts.recent($0, groups: false, now: .uptimeNanoseconds(0)) != nil }
        #expect(known.count <= 1024 && known.last == names.last)
    }

    @Test func kernelsOwnFilesAreNoDisk() {
        let folder = TemporaryFolder()
        #expect(LocalDisk.holds(folder.path))
        #expect(!LocalDisk.holds("/proc/self"))
        // The way there leads over another file system.
        #expect(!LocalDisk.holds("/proc/self/root\(folder.path)"))
        symlink("/proc/version", "\(folder.path)/link")
        #expect(!LocalDisk.holds("\(folder.path)/link"))
        #expect(!LocalDisk.holds("/no/such/folder"))
    }
}
