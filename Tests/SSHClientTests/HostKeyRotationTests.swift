import SSHCrypto
import SSHSystem
import SSHWire
import Testing

@testable import SSHClient

@Suite struct HostKeyRotationTests {
    private static let (first, second, third) = (testKey(41), testKey(42), testKey(43))

    private static func rotation(
        _ lines: String...,
        announced: [PublicKey],
        shown: PublicKey = first,
        file: String = "/kh"
    ) -> HostKeyRotation? {
        let entries = KnownHosts.parse(Array(lines.joined(separator: "\n").utf8), file: file)
        return HostKeyRotation(
            announced: announced,
            shown: shown,
            name: "a",
            in: KnownHosts(entries: entries),
            files: ["/kh"]
        )
    }

    @Test func newKeysAreAddedAndOldOnesRemoved() throws {
        let rotation = try #require(
            Self.rotation(
                "a \(Self.first.openSSHText)",
                "a \(Self.third.openSSHText)",
                "b \(Self.third.openSSHText)",
                announced: [Self.first, Self.second, Self.second]
            )
        )
        #expect(rotation.unknown == [Self.second])
        #expect(rotation.obsolete.map(\.line) == [2])
    }

    @Test func nothingChangesIfTheListIsKnown() {
        #expect(Self.rotation("a \(Self.first.openSSHText)", announced: [Self.first]) == nil)
    }

    @Test func aServerThatDoesNotNameTheKeyItShowedIsNotFollowed() {
        #expect(Self.rotation("a \(Self.first.openSSHText)", announced: [Self.second]) == nil)
        #expect(Self.rotation("a \(Self.first.openSSHText)", announced: []) == nil)
    }

    @Test func aServerThatIsNotBelievedByAKnownKeyIsNotFollowed() {
        #expect(Self.rotation("a \(Self.second.openSSHText)", announced: [Self.first, Self.third]) == nil)
    }

    @Test(arguments: ["a,b", "a*", "!b,a", "?"])
    func entriesOfMoreThanOneHostAreLeftAlone(names: String) {
        let announced = [Self.first, Self.second]
        #expect(Self.rotation("\(names) \(Self.first.openSSHText)", announced: announced) == nil)
        #expect(
            Self.rotation("a \(Self.first.openSSHText)", "\(names) \(Self.third.openSSHText)", announced: announced)
                == nil
        )
    }

    @Test(arguments: ["@cert-authority", "@revoked"])
    func aHostWithMarkedEntriesIsLeftAlone(marker: String) {
        let lines = ["a \(Self.first.openSSHText)", "\(marker) a \(Self.third.openSSHText)"]
        #expect(Self.rotation(lines[0], lines[1], announced: [Self.first, Self.second]) == nil)
    }

    @Test func filesOfTheSystemAreNotChanged() throws {
        let rotation = try #require(
            Self.rotation(
                "a \(Self.first.openSSHText)",
                "a \(Self.third.openSSHText)",
                announced: [Self.first, Self.second],
                file: "/etc/kh"
            )
        )
        #expect(rotation.unknown == [Self.second])
        #expect(rotation.obsolete.isEmpty)
    }

    @Test func removingLeavesEveryOtherByteAndTheMode() throws {
        let folder = try TemporaryFolder()
        let before = "# c\n\na \(Self.first.openSSHText) x\nbad line\n"
        let text = before + "a \(Self.second.openSSHText)\nb \(Self.second.openSSHText)"
        let path = try folder.write("kh", text, mode: 0o640)
        let entries = KnownHosts.parse(Array(text.utf8), file: path).filter { $0.line == 5 }
        try KnownHosts.remove(entries, from: path)
        let file = try BoundedFile(reading: path, limit: 1 << 20)
        #expect(String(decoding: file.bytes, as: UTF8.self) == before + "b \(Self.second.openSSHText)")
        #expect(file.mode & 0o777 == 0o640)
        // What is gone already needs no removing.
        try KnownHosts.remove(entries, from: path)
        #expect(throws: SSHError.self) { try KnownHosts.remove(entries, from: folder.path + "/missing") }
    }

    @Test func aProofIsOneSignatureForEachKeyAndThisSession() throws {
        let keys = try [41, 42].map { try Ed25519PrivateKey.generate(random: SeededRandom(seed: $0)) }
        let rotation = try #require(
            Self.rotation(
                "a \(Self.third.openSSHText)",
                announced: [Self.third] + keys.map(\.publicKey),
                shown: Self.third
            )
        )
        let session: [UInt8] = [1, 2, 3]
        func proof(_ signers: [Ed25519PrivateKey], for keys: [PublicKey], session: [UInt8]) throws -> Bool {
            let signatures = try zip(signers, keys).map { signer, key in
                let signed = HostKeyUpdate.signedBytes(sessionIdentifier: session, key: key.blob)
                return try signer.sign(signed, algorithm: "ssh-ed25519")
            }
            let data = HostKeyUpdate(blobs: signatures).data
            return HostKeyLearning.isProof(data, of: rotation, sessionIdentifier: [1, 2, 3])
        }
        let publicKeys = keys.map(\.publicKey)
        #expect(try proof(keys, for: publicKeys, session: session))
        #expect(try !proof(keys, for: publicKeys, session: [1, 2]))
        #expect(try !proof(keys.reversed(), for: publicKeys, session: session))
        #expect(try !proof(Array(keys.prefix(1)), for: publicKeys, session: session))
        #expect(try !proof(keys + keys, for: publicKeys + publicKeys, session: session))
    }
}
