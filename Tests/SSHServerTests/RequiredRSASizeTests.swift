import SSHProtocol
import SSHTestFixtures
import SSHWire
import Testing

@testable import SSHCrypto
@testable import SSHServer

struct RequiredRSASizeTests {
    /// A key of so many bits. Nobody knows its factors, and nobody asks for them here.
    private static func key(bits: Int) throws -> PublicKey {
        var writer = WireWriter()
        writer.writeText("ssh-rsa")
        writer.writeUnsignedMPInt([1, 0, 1])
        let first = UInt8(1) << UInt8((bits - 1) % 8)
        writer.writeUnsignedMPInt([first] + [UInt8](repeating: 0, count: (bits - 1) / 8 - 1) + [1])
        return try PublicKey(blob: writer.bytes)
    }

    @Test(arguments: [
        ("", 1024, false), ("", 2047, false), ("", 2048, true), ("RequiredRSASize 1024", 1024, true),
        ("RequiredRSASize 3072", 3071, false), ("RequiredRSASize 3072", 3072, true), ("RequiredRSASize 0", 1024, true),
    ])
    func aShorterKeyDoesNotLogIn(_ configuration: String, _ bits: Int, _ logsIn: Bool) throws {
        let bench = LoginBench(configuration)
        let key = try Self.key(bits: bits)
        bench.write("keys", key.openSSHText + "\n")
        let decision = try bench.judge(LoginClaim(user: bench.user, credential: .key(key)))
        #expect(decision.isAccepted == logsIn)
        if !logsIn { #expect(decision.reasons.first?.hasPrefix("an RSA key of \(bits) bits: RequiredRSASize") == true) }
    }

    /// Beyond 2,048 bits it is about users' keys, as in sshd.
    @Test(arguments: [
        ("", 1024, false), ("", 2048, true), ("RequiredRSASize 1024", 1024, true), ("RequiredRSASize 3072", 2048, true),
    ])
    func aShorterAuthorityLetsNobodyIn(_ configuration: String, _ bits: Int, _ logsIn: Bool) throws {
        let bench = LoginBench("TrustedUserCAKeys FOLDER/trusted\n\(configuration)")
        let authority = try RSAPrivateKey.generate(bits: bits)
        bench.write("trusted", authority.publicKey.openSSHText + "\n")
        #expect(try bench.lets(CertificateMaker.ofAccount.with { $0.authority = authority }) == logsIn)
    }
}
