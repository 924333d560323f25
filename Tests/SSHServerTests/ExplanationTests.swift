import SSHCrypto
import SSHProtocol
import SSHTestFixtures
import SSHWire
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

    @Test func whoWouldBeRefusedAfterTheLoginIsNotToldYes() throws {
        let rsa = try Self.rsaKey()
        let bench = LoginBench("Match User *\nRefuseConnection yes")
        bench.write("keys", rsa.openSSHText + "\n")
        let explanation = try bench.explain(.key(rsa))
        #expect(!explanation.isPermitted)
        #expect(explanation.lines.last?.contains("RefuseConnection") == true)
    }

    @Test func aBlockAboutWhatIsNotNamedRefusesNobody() throws {
        let rsa = try Self.rsaKey()
        let bench = LoginBench("Match LocalAddress 192.0.2.1\nMaxSessions 1")
        bench.write("keys", rsa.openSSHText + "\n")
        #expect(try bench.explain(.key(rsa)).isPermitted)
    }

    @Test(arguments: [
        ("", false), ("PermitOpen *:2222", false), ("PermitOpen localhost:2222", true),
        ("ListenAddress 192.0.2.1", true),
    ])
    func theRelaysOwnPortIsOpenedByARuleThatNamesIt(_ rule: String, isPermitted: Bool) throws {
        let rsa = try Self.rsaKey()
        let bench = LoginBench("Port 2222\n\(rule)")
        bench.write("keys", rsa.openSSHText + "\n")
        let target = ForwardAddress(host: "localhost", port: 2222)
        #expect(try bench.explain(.key(rsa), .open(target)).isPermitted == isPermitted)
    }

    @Test func aFileThatCannotBeReadIsTheReasonWhyAFingerprintIsNotFound() throws {
        let rsa = try Self.rsaKey()
        let bench = LoginBench("")
        bench.write("keys", "---- BEGIN SSH2 PUBLIC KEY ----\nAAAA\n---- END SSH2 PUBLIC KEY ----\n")
        for key in [Explanation.Key.key(rsa), .fingerprint(rsa.fingerprint)] {
            #expect(
                try bench.explain(key).lines.contains { $0.contains("keys line 1: a key in the format of RFC 4716") }
            )
        }
    }

    private static func rsaKey() throws -> PublicKey {
        let string = RevocationListMaker.string
        let modulus = [0, 0x80] + Array(repeating: UInt8(1), count: 255)
        return try PublicKey(blob: string(Array("ssh-rsa".utf8)) + string([1, 0, 1]) + string(modulus))
    }
}
