import Glibc
import SSHCrypto
import SSHProtocol
import SSHTestFixtures
import Testing

@testable import SSHServer

struct InviteLoginTests {
    private static let now = LoginBench.now
    private let bench = LoginBench("StateDirectory FOLDER/state")
    private let key: PublicKey

    init() throws {
        self.key = try PublicKey(blob: KeyFixture.blob)
        self.bench.folder.makeFolder("state")
    }

    private var claim: LoginClaim { LoginClaim(user: self.bench.user, credential: .key(self.key)) }
    private var store: InviteStore { InviteStore(stateDirectory: self.bench.path("state")) }

    private func add(account: String = LoginBench.user) throws {
        let invite = Invite(account: account, rights: ClientRights(), expires: Self.now + 60)
        try self.store.add(invite, for: self.key, now: Self.now)
    }

    @Test func anInvitesKeyLogsInAndForwardsNothingAndEndsWithIt() throws {
        #expect(try self.bench.line(self.claim) == nil)
        try self.add()
        let line = try #require(try self.bench.line(self.claim))
        #expect(!line.options.permitsPortForwarding && !line.options.permitsPTY)
        #expect(line.options.expiryTime == Self.now + 60)
        #expect(line.file == self.store.path(of: self.key))
        #expect(try self.bench.line(self.claim, at: Self.now + 61) == nil)
    }

    @Test func itIsForItsAccountAloneAndNoLineOfAFileIsPassedOver() throws {
        try self.add(account: "another")
        #expect(try self.bench.line(self.claim) == nil)
        try self.add()
        self.bench.write("keys", KeyFixture.line("expiry-time=\"20200101\""))
        #expect(try self.bench.line(self.claim) == nil)
        self.bench.write("keys", KeyFixture.line("pty"))
        #expect(try self.bench.line(self.claim)?.options.permitsPTY == true)
    }

    @Test func whatHoldsForOtherKeysHoldsForIt() throws {
        try self.add()
        var bench = self.bench
        bench.configuration += "\nDenyUsers \(LoginBench.user)"
        #expect(try bench.line(self.claim) == nil)
        bench.configuration = "StateDirectory FOLDER/state\nRevokedKeys FOLDER/revoked"
        bench.write("revoked", self.key.openSSHText)
        #expect(try bench.line(self.claim) == nil)
        bench.configuration = ""
        #expect(try bench.line(self.claim) == nil)
    }

    @Test func oneThatOthersCouldHaveWrittenOrThatIsDamagedLetsNobodyIn() throws {
        try self.add()
        let path = self.store.path(of: self.key)
        chmod(path, 0o620)
        #expect(try self.bench.line(self.claim) == nil)
        chmod(path, 0o600)
        #expect(try self.bench.line(self.claim) != nil)
        truncate(path, 9)
        #expect(try self.bench.line(self.claim) == nil)
    }

    @Test func nothingIsReadOnAnEventLoop() throws {
        try self.add()
        let files = AccountFiles(mayRead: false)
        guard case .unclear = try self.bench.judge(self.claim, files: files) else {
            Issue.record("it was judged without reading")
            return
        }
    }
}
