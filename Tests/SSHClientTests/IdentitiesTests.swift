import Glibc
import SSHClient
import SSHCrypto
import Testing

@Suite struct IdentitiesTests {
    private static func text(seed: UInt64) throws -> String {
        let random = SeededRandom(seed: seed)
        let key = try Ed25519PrivateKey.generate(random: random)
        let text = try OpenSSHPrivateKeyFile.encode(.ed25519(key), comment: "me@here", random: random)
        return String(decoding: text, as: UTF8.self)
    }

    private static func load(_ files: String...) -> Identities {
        Identities(loading: files, userID: getuid())
    }

    @Test func keysAreLoadedInOrderAndOnce() throws {
        let folder = try TemporaryFolder()
        let first = try folder.write("first", try Self.text(seed: 1))
        let second = try folder.write("second", try Self.text(seed: 2), mode: 0o400)
        let loaded = Self.load(first, second, first)
        #expect(loaded.identities.map(\.path) == [first, second])
        #expect(loaded.identities.map(\.key.publicKey) == [testKey(1), testKey(2)])
        #expect(loaded.identities.first?.comment == "me@here")
        #expect(loaded.warnings.isEmpty)
    }

    @Test func aMissingFileIsPassedOver() throws {
        let folder = try TemporaryFolder()
        #expect(Self.load(folder.path + "/missing").warnings.isEmpty)
    }

    @Test(arguments: [0o640, 0o604, 0o660, 0o644] as [mode_t])
    func aKeyThatOthersCanReadIsNotUsed(mode: mode_t) throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("open", try Self.text(seed: 1), mode: mode)
        let loaded = Self.load(path)
        #expect(loaded.identities.isEmpty)
        #expect(loaded.warnings.count == 1)
        #expect(loaded.warnings.first?.contains("UNPROTECTED PRIVATE KEY FILE") == true)
        #expect(loaded.warnings.first?.contains(path) == true)
    }

    @Test func aFileThatIsNoKeyIsNamed() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("bad", "nonsense\n")
        let loaded = Self.load(path, folder.path)
        #expect(loaded.identities.isEmpty)
        #expect(loaded.warnings.count == 2)
        #expect(loaded.warnings.first?.hasPrefix("Load key \"\(path)\": ") == true)
    }

    @Test(.enabled(if: hasOpenSSH), arguments: ["ed25519", "ecdsa", "rsa"])
    func aKeyFromSSHKeygenIsLoaded(type: String) throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/id"
        try #require(try run(["ssh-keygen", "-q", "-t", type, "-N", "", "-C", "c d", "-f", path]).status == 0)
        let loaded = Self.load(path)
        #expect(loaded.identities.first?.comment == "c d")
        let printed = try run(["ssh-keygen", "-y", "-f", path]).output
        #expect(printed.hasPrefix(loaded.identities.first?.key.publicKey.openSSHText ?? "nothing"))
    }
}
