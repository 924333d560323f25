import SSHTestFixtures
import SSHWire
import Testing

@testable import SSHCrypto

/// PROTOCOL.certkeys.
struct CertificateTests {
    private static let wanted = (name: "source-address", data: CertificateMaker.data("192.0.2.1"))
    private static let other = (name: "source-address", data: CertificateMaker.data("0.0.0.0/0"))

    @Test func whatIsSignedIsRead() throws {
        var maker = CertificateMaker()
        maker.criticalOptions = [Self.wanted]
        let certificate = try maker.certificate
        try certificate.verifySignature()
        #expect(certificate.serial == 77 && certificate.kind == .user && certificate.keyIdentifier == "device-1")
        #expect(certificate.principals == ["alice"])
        #expect(certificate.criticalOptions.map(\.name) == ["source-address"])
        #expect(try certificate.criticalOptions.first?.text() == "192.0.2.1")
        #expect(certificate.extensions.map(\.name) == ["permit-port-forwarding"])
        #expect(certificate.signatureAlgorithm == "ssh-ed25519")
    }

    /// Two values of one restriction would leave the choice to whoever reads it.
    @Test func anOptionThatStandsThereTwiceVoidsIt() throws {
        var maker = CertificateMaker()
        maker.criticalOptions = [Self.wanted, Self.other]
        expectError(.invalidKey) { try maker.certificate }
        maker.criticalOptions = [Self.wanted, Self.wanted]
        expectError(.invalidKey) { try maker.certificate }
        maker = CertificateMaker()
        maker.extensions = [("permit-pty", []), ("permit-port-forwarding", []), ("permit-pty", [])]
        expectError(.invalidKey) { try maker.certificate }
        // Critical options and extensions are two lists.
        maker.criticalOptions = [("permit-pty", [])]
        maker.extensions = [("permit-pty", [])]
        _ = try maker.certificate
    }

    @Test func optionsAndPrincipalsAreBounded() throws {
        var maker = CertificateMaker()
        maker.extensions = (0..<256).map { ("x\($0)", []) }
        maker.principals = (0..<256).map { "p\($0)" }
        _ = try maker.certificate
        maker.extensions.append(("y", []))
        expectError(.invalidKey) { try maker.certificate }
        maker.extensions = []
        maker.principals.append("q")
        expectError(.invalidKey) { try maker.certificate }
    }

    @Test(arguments: [UInt32(0), 3, .max])
    func itIsAUsersOrAHosts(kind: UInt32) {
        var maker = CertificateMaker()
        maker.kind = kind
        expectError(.invalidKey) { try maker.certificate }
    }

    @Test func itBeginsAndEndsToTheSecond() throws {
        var maker = CertificateMaker()
        (maker.validAfter, maker.validBefore) = (100, 200)
        let certificate = try maker.certificate
        let valid = [99, 100, 199, 200].map { certificate.isValid(at: $0) }
        #expect(valid == [false, true, true, false])
    }

    /// An RSA authority signs with SHA-2 alone.
    @Test func aSignatureThatNamesAnAlgorithmOfNoUseToItsAuthorityVoidsIt() throws {
        let authority = try RSAPrivateKey.generate(bits: 2048)
        let good = try CertificateMaker(authority: authority).blob
        #expect(try Certificate(blob: good).signatureAlgorithm == "rsa-sha2-512")
        for name in ["ssh-rsa", "ssh-ed25519", "rsa-sha2-512-cert-v01@openssh.com"] {
            expectError(.invalidKey) { try Certificate(blob: Self.renaming("rsa-sha2-512", name, in: good)) }
        }
        // One that it may use, but has not: found when the signature is checked.
        let renamed = try Certificate(blob: Self.renaming("rsa-sha2-512", "rsa-sha2-256", in: good))
        expectError(.invalidKey) { try renamed.verifySignature() }
    }

    /// The last field is the signature, which begins with its algorithm.
    private static func renaming(_ old: String, _ new: String, in blob: [UInt8]) throws -> [UInt8] {
        let certificate = try Certificate(blob: blob)
        var signature = WireReader(bytes: certificate.signature)
        try #require(try signature.readText() == old)
        var renamed = WireWriter()
        renamed.writeText(new)
        renamed.writeBytes(signature.readRemaining())
        var writer = WireWriter()
        writer.writeBytes(Array(blob.prefix(certificate.signedLength)))
        writer.writeString(renamed.bytes)
        return writer.bytes
    }
}
