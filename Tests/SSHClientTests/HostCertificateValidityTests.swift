import SSHClient
import SSHCrypto
import Testing

@Suite struct HostCertificateValidityTests {
    private static let now: UInt64 = 1_700_000_000

    /// A certificate as ssh-keygen makes it.
    private static func certificate(_ arguments: [String]) throws -> Certificate {
        let folder = try TemporaryFolder()
        let (authority, key) = ("\(folder.path)/authority", "\(folder.path)/host")
        for path in [authority, key] {
            try #require(run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path]).status == 0)
        }
        let command = ["ssh-keygen", "-q", "-s", authority, "-I", "test"] + arguments + [key + ".pub"]
        try #require(run(command).status == 0)
        return try Certificate(openSSHLine: run(["cat", key + "-cert.pub"]).output)
    }

    private static func problem(
        _ arguments: [String],
        name: String = "a.example",
        algorithms: [String] = ["ssh-ed25519"],
        at now: UInt64 = Self.now
    ) throws -> String? {
        let validity = HostCertificateValidity(name: name, signatureAlgorithms: algorithms, requiredRSASize: 2048)
        return validity.problem(with: try Self.certificate(arguments), at: now)
    }

    @Test(arguments: ["a.example", "b.example,a.example", "*.example", "?.example"])
    func aHostCertificateThatNamesTheHostIsValid(principals: String) throws {
        #expect(try Self.problem(["-h", "-n", principals]) == nil)
    }

    @Test(arguments: [
        ["-n", "b.example"], ["-n", "a.example.com"], ["-n", "A.example"], ["-n", "*.example.com"], [],
    ])
    func oneThatDoesNotNameItIsNot(principals: [String]) throws {
        #expect(try Self.problem(["-h"] + principals)?.contains("principal") == true)
    }

    @Test func aUserCertificateIsNotAHosts() throws {
        #expect(try Self.problem(["-n", "a.example"])?.contains("not a host certificate") == true)
    }

    @Test func itIsValidFromItsFirstSecondUpToItsLast() throws {
        let arguments = ["-h", "-n", "a.example", "-V", "20200101000000Z:20210101000000Z"]
        #expect(try Self.problem(arguments, at: 1_577_836_799)?.contains("not yet valid") == true)
        #expect(try Self.problem(arguments, at: 1_577_836_800) == nil)
        #expect(try Self.problem(arguments, at: 1_609_459_199) == nil)
        #expect(try Self.problem(arguments, at: 1_609_459_200)?.contains("expired") == true)
    }

    @Test func anyCriticalOptionMakesItInvalid() throws {
        let arguments = ["-h", "-n", "a.example", "-O", "critical:x@example.com=y"]
        #expect(try Self.problem(arguments)?.contains("critical option") == true)
    }

    @Test func theAuthoritysAlgorithmMustBeAllowed() throws {
        #expect(
            try Self.problem(["-h", "-n", "a.example"], algorithms: ["rsa-sha2-512"])?
                .contains("CASignatureAlgorithms") == true
        )
    }
}
