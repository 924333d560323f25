import SSHCrypto
import SSHProtocol
import SSHTestFixtures
import Testing

@testable import SSHServer

struct ExplanationTests {
    /// Nobody says which of its algorithms a key will be used with: one that is accepted is enough.
    @Test(arguments: [
        ("", true), ("PubkeyAcceptedAlgorithms rsa-sha2-256-cert-v01@openssh.com,rsa-sha2-256", true),
        ("PubkeyAcceptedAlgorithms rsa-sha2-512-cert-v01@openssh.com,rsa-sha2-512", true),
        ("PubkeyAcceptedAlgorithms ssh-ed25519-cert-v01@openssh.com,ssh-ed25519", false),
    ])
    func keyIsAcceptedWithOneOfItsAlgorithms(_ configuration: String, _ isAccepted: Bool) throws {
        let rsa = try Self.rsaKey()
        let bench = LoginBench("TrustedUserCAKeys FOLDER/trusted\n\(configuration)")
        bench.write("trusted", LoginBench.authorityLine)
        bench.write("keys", rsa.openSSHText + "\n")
        var maker = CertificateMaker.ofAccount
        maker.key = rsa
        for key in [Explanation.Key.key(rsa), .certificate(try maker.certificate), .fingerprint(rsa.fingerprint)] {
            #expect(try bench.explain(key).isPermitted == isAccepted)
        }
    }

    /// A login has named one.
    @Test func loginIsJudgedByTheAlgorithmThatWasNamed() throws {
        let rsa = try Self.rsaKey()
        let bench = LoginBench("PubkeyAcceptedAlgorithms rsa-sha2-256")
        bench.write("keys", rsa.openSSHText + "\n")
        #expect(try bench.line(bench.signedClaim(.key(rsa), algorithm: "rsa-sha2-256")) != nil)
        #expect(try bench.line(bench.signedClaim(.key(rsa), algorithm: "rsa-sha2-512")) == nil)
    }

    private static func rsaKey() throws -> PublicKey {
        let string = RevocationListMaker.string
        let modulus = [0, 0x80] + Array(repeating: UInt8(1), count: 255)
        return try PublicKey(blob: string(Array("ssh-rsa".utf8)) + string([1, 0, 1]) + string(modulus))
    }
}
