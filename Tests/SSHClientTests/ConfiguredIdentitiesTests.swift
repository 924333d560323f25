import SSHProtocol
import SSHWire
import Testing

@testable import SSHClient
@testable import SSHCrypto

struct ConfiguredIdentitiesTests {
    /// The keys that are put to the server.
    private static func identities(of key: PrivateKey, _ options: String...) throws -> [PublicKey] {
        let folder = try TemporaryFolder()
        let text = try OpenSSHPrivateKeyFile.encode(key, comment: "", random: SeededRandom(seed: 5))
        let path = try folder.write("id", String(decoding: text, as: UTF8.self))
        let words = (["IdentityFile \(path)"] + options).flatMap { ["-o", $0] }
        let environment = folder.environment()
        guard
            case .connect(let line) = try ClientCommandLine.parse(
                ["-F", "none"] + words + ["host"],
                environment: environment
            )
        else { throw SSHError(.misuse, "the options are no connection") }
        var algorithms = testAlgorithms
        algorithms.pubkeyAcceptedAlgorithms += ["rsa-sha2-512", "rsa-sha2-256"]
        let configuration = try ClientConfiguration.load(line, environment: environment, algorithms: algorithms)
        return ConfiguredIdentities(configuration, environment).identities.map(\.publicKey)
    }

    @Test(arguments: [([], false), (["RequiredRSASize 1024"], true), (["RequiredRSASize 1025"], false)])
    func anRSAKeyShorterThanRequiredRSASizeIsNotOffered(_ options: [String], _ isOffered: Bool) throws {
        let key = try RSAPrivateKey.generate(bits: 1024)
        let offered = try Self.identities(of: .rsa(key), options.first ?? "BatchMode yes")
        #expect(offered == (isOffered ? [key.publicKey] : []))
    }

    @Test func aKeyThatPubkeyAcceptedAlgorithmsLeavesOutIsNotOffered() throws {
        let key = try Ed25519PrivateKey.generate(random: SeededRandom(seed: 9))
        #expect(try Self.identities(of: .ed25519(key)) == [key.publicKey])
        #expect(try Self.identities(of: .ed25519(key), "PubkeyAcceptedAlgorithms rsa-sha2-512") == [])
        #expect(try Self.identities(of: .ed25519(key), "PubkeyAuthentication no") == [])
    }
}
