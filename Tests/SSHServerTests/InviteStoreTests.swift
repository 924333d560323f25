import Glibc
import SSHConfiguration
import SSHCrypto
import SSHSystem
import SSHTestFixtures
import SSHWire
import Testing

@testable import SSHServer

struct InviteStoreTests {
    private let folder = TemporaryFolder()
    private let key: PublicKey
    private let use = Invite.Use(name: "nuc", key: "SHA256:x")

    private struct CutOff: Error {}

    init() throws {
        self.key = try PublicKey(blob: KeyFixture.blob)
    }

    private var store: InviteStore { InviteStore(stateDirectory: self.folder.path) }

    private func invite(expires: UInt64 = 1060) -> Invite {
        var rights = ClientRights()
        rights.listen = ["%k:22"]
        rights.open = ["a:1", "b:*"]
        rights.commands = ["list"]
        rights.expires = "20990101"
        return Invite(account: "fleet", rights: rights, expires: expires)
    }

    private func take(_ use: Invite.Use? = nil, now: UInt64 = 1000, cutOff: Bool = false, isThere: Bool = true) throws
        -> Int
    {
        var count = 0
        try self.store.take(self.key, by: use ?? self.use, now: now) { _ in
        } enrol: { _ in
            count += 1
            if cutOff { throw CutOff() }
        } isThere: { _ in
            isThere
        }
        return count
    }

    @Test func whatIsStoredIsFoundAgainByTheKeyAloneUntilItExpires() throws {
        let invite = self.invite()
        try self.store.add(invite, for: self.key, now: 1000)
        #expect(try self.store.find(self.key, now: 1060) == invite)
        #expect(try self.store.find(self.key, now: 1061) == nil)
        #expect(try self.store.find(PublicKey(blob: KeyFixture.blob.dropLast() + [1]), now: 1000) == nil)
    }

    @Test func aTextIsReadAsItWasWritten() throws {
        var invite = self.invite()
        #expect(try Invite(text: invite.text) == invite)
        invite.use = Invite.Use(name: "nuc", key: "SHA256:x")
        #expect(try Invite(text: invite.text) == invite)
        invite.use?.isDone = true
        #expect(try Invite(text: invite.text) == invite)
    }

    @Test(arguments: [
        "", "account fleet\n", "expires 5\n", "account ../x\nexpires 5\n", "account fleet\nexpires -5\n",
        "account\nexpires 5\n",
        "account fleet\nexpires 5\nmore x\n", "account fleet\nexpires 5\ntaken x\n",
    ])
    func aTextThatNobodyWroteIsNone(_ text: String) {
        #expect(throws: InvalidValue.self) { try Invite(text: text) }
    }

    @Test func theFileTellsNobodyTheKey() throws {
        try self.store.add(self.invite(), for: self.key, now: 1000)
        let paths = try #require(SystemPath.matching("\(self.store.folder)/*"))
        #expect(paths.count == 1)
        let text = String(decoding: try BoundedFile(path: paths[0], limit: 1 << 16).bytes, as: UTF8.self)
        #expect(!(paths[0] + text).contains(KeyFixture.encoded))
        var information = stat()
        #expect(stat(paths[0], &information) == 0 && information.st_mode & 0o777 == 0o600)
        #expect(stat(self.store.folder, &information) == 0 && information.st_mode & 0o777 == 0o700)
    }

    @Test func itIsTakenOnce() throws {
        try self.store.add(self.invite(), for: self.key, now: 1000)
        #expect(try self.take() == 1)
        // The answer was lost on its way: the same device hears again that it is in.
        #expect(try self.take() == 0)
        #expect(throws: SSHError.self) { try self.take(Invite.Use(name: "other", key: "SHA256:x")) }
        #expect(throws: SSHError.self) { try self.take(Invite.Use(name: "nuc", key: "SHA256:y")) }
    }

    @Test func whoWasThrownOutDoesNotComeInByTheOldInvite() throws {
        try self.store.add(self.invite(), for: self.key, now: 1000)
        #expect(try self.take() == 1)
        #expect(throws: SSHError.self) { try self.take(isThere: false) }
    }

    @Test func whatWasCutOffGoesOnForTheSameDeviceAlone() throws {
        try self.store.add(self.invite(), for: self.key, now: 1000)
        #expect(throws: CutOff.self) { try self.take(cutOff: true) }
        #expect(throws: SSHError.self) { try self.take(Invite.Use(name: "other", key: "SHA256:y")) }
        #expect(try self.take() == 1)
        #expect(try self.take() == 0)
    }

    @Test func whatCannotBeDoneLeavesTheInviteToOthers() throws {
        try self.store.add(self.invite(), for: self.key, now: 1000)
        #expect(throws: CutOff.self) {
            try self.store.take(self.key, by: self.use, now: 1000) { _ in
                throw CutOff()
            } enrol: { _ in
            } isThere: { _ in
                true
            }
        }
        #expect(try self.take(Invite.Use(name: "other", key: "SHA256:y")) == 1)
    }

    @Test func nobodyTakesItLateOrWhereThereIsNone() throws {
        #expect(throws: SSHError.self) { try self.take() }
        try self.store.add(self.invite(), for: self.key, now: 1000)
        #expect(throws: SSHError.self) { try self.take(now: 1061) }
        #expect(try self.take(now: 1060) == 1)
    }

    @Test func ofManyAtOnceOneTakesIt() async throws {
        try self.store.add(self.invite(), for: self.key, now: 1000)
        let taken = try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 0..<16 {
                group.addTask {
                    (try? self.take(Invite.Use(name: "device-\(number)", key: "SHA256:\(number)"))) ?? 0
                }
            }
            return try await group.reduce(0, +)
        }
        #expect(taken == 1)
    }

    @Test func thereAreNoMoreThanAThousandAndOldOnesMakeRoom() throws {
        mkdir(self.store.folder, 0o700)
        for number in 0..<InviteStore.most {
            self.folder.write("invites/\(number)", self.invite(expires: number == 0 ? 2000 : 9000).text)
        }
        self.folder.write("invites/.new-abc", "cut off")
        #expect(throws: SSHError.self) { try self.store.add(self.invite(), for: self.key, now: 1000) }
        try self.store.add(self.invite(expires: 3000), for: self.key, now: 2001)
        #expect(SystemPath.matching("\(self.store.folder)/*")?.count == InviteStore.most)
        #expect(SystemPath.matching("\(self.store.folder)/.new*") == [])
    }

    @Test func itIsBoundedInTimeAndSize() throws {
        for expires in [1000, 999, 1001 + InviteStore.longestLife, .max] {
            #expect(throws: SSHError.self) {
                try self.store.add(self.invite(expires: expires), for: self.key, now: 1000)
            }
        }
        var rights = ClientRights()
        rights.listen = Array(repeating: String(repeating: "x", count: 200) + ":22", count: 64)
        let long = Invite(account: "fleet", rights: rights, expires: 1060)
        #expect(throws: SSHError.self) { try self.store.add(long, for: self.key, now: 1000) }
    }

    @Test func aDamagedOneIsNotTaken() throws {
        try self.store.add(self.invite(), for: self.key, now: 1000)
        let path = try #require(SystemPath.matching("\(self.store.folder)/*")?.first)
        try WholeFile.write(Array("account fleet\n".utf8), to: path, mode: 0o600)
        #expect(throws: SSHError.self) { try self.take() }
    }
}
