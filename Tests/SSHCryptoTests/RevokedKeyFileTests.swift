import SSHTestFixtures
import Testing

@testable import SSHCrypto

struct RevokedKeyFileTests {
    private static let key = CertificateMaker.key
    private static let line = "ssh-ed25519 \(Base64.encode(key.blob))"
    private static let other = "ssh-ed25519 \(Base64.encode(CertificateMaker.otherKey.blob))"

    /// nil: unreadable, so that nobody may log in.
    private static func isRevoked(_ text: [UInt8]) -> Bool? {
        (try? RevokedKeyFile(text)).map { $0.revokes(key: Self.key.blob) }
    }

    @Test(arguments: [
        ("", false), ("\n\n# x\n  # y\n", false), (line, true), ("\(line)\n", true), ("\(line) a comment\n", true),
        ("\(line)\r\n", true), (" \t\(line)\n", true), ("ssh-ed25519\t \(line.split(separator: " ")[1])", true),
        ("#\(line)\n", false), ("\(other)\n", false), ("\(other)\n\(line)\n", true), ("\(line)\n\(line)\n", true),
        ("SSHKRL\n", nil), ("\r\n", nil), ("this is no key\n\(line)\n", nil), ("\(line)\nthis is no key\n", nil),
        ("\(other)\nx", nil), ("cert-authority \(line)\n", nil), ("ssh-ed25519\n", nil), ("ssh-rsa \(line)\n", nil),
        ("ssh-rsa \(line.split(separator: " ")[1])\n", nil), ("\(line)=\n", nil), ("\(line.dropLast(4))\n", nil),
        ("ssh-ed25519 AAAA\n", nil), ("ssh-nothing AAAAC3NzaC1ub3RoaW5n\n", nil),
    ])
    func linesAreReadAsSshdReadsThem(_ text: String, _ expected: Bool?) {
        #expect(Self.isRevoked(Array(text.utf8)) == expected)
    }

    /// A key that is followed by something is none: a line with it would never match.
    @Test func bytesBehindTheKeyMakeTheFileUnreadable() {
        #expect(Self.isRevoked(Array("ssh-ed25519 \(Base64.encode(Self.key.blob + [0]))\n".utf8)) == nil)
        let rsa = Self.rsa(bits: 2048)
        #expect(Self.isRevoked(Array("ssh-rsa \(Base64.encode(rsa))\n\(Self.line)\n".utf8)) == true)
        #expect(Self.isRevoked(Array("ssh-rsa \(Base64.encode(rsa + [0]))\n\(Self.line)\n".utf8)) == nil)
    }

    @Test func commentMayHoldAnyBytes() {
        #expect(Self.isRevoked(Array("\(Self.line) Jos".utf8) + [0xe9, 0x0a]) == true)
        #expect(Self.isRevoked(Array("# Jos".utf8) + [0xe9, 0x0a]) == false)
    }

    /// Keys that nobody could log in with here may stand there, and do not lock others out.
    @Test(arguments: [1024, 1536, 16_384])
    func keysOfOtherSizesAreListed(_ bits: Int) throws {
        let file = try RevokedKeyFile(Array("ssh-rsa \(Base64.encode(Self.rsa(bits: bits)))\n".utf8))
        #expect(file.revokes(key: Self.rsa(bits: bits)))
    }

    /// sshd passes over RSA keys of less than 1024 bits and goes on; more than 16,384 it does not read.
    @Test func keysOfImpossibleSizes() {
        let short = Array("ssh-rsa \(Base64.encode(Self.rsa(bits: 768)))\n".utf8)
        #expect(Self.isRevoked(short + Array(Self.line.utf8)) == true)
        #expect(Self.isRevoked(Array("ssh-rsa \(Base64.encode(Self.rsa(bits: 16_392)))\n".utf8)) == nil)
    }

    @Test func certificateStandsForItsKey() throws {
        let certificate = try CertificateMaker().certificate
        let line = { (blob: [UInt8]) in Array("\(certificate.type) \(Base64.encode(blob)) x\n".utf8) }
        #expect(Self.isRevoked(line(certificate.blob)) == true)
        var forged = certificate.blob
        forged[forged.count - 1] ^= 1
        #expect(Self.isRevoked(line(forged)) == nil)
    }

    @Test func certificateIsRevokedWithItsKeyAndWithItsAuthority() throws {
        let certificate = try CertificateMaker().certificate
        let authority = CertificateMaker.authority.publicKey.openSSHText
        for (text, isRevoked) in [(Self.line, true), (authority, true), (Self.other, false)] {
            #expect(try RevokedKeyFile(Array(text.utf8)).revokes(certificate) == isRevoked)
        }
    }

    @Test func linesOfAuthoritiesCountUpToTheFirstThatIsNoKey() {
        let lines = PublicKeyLines(Array("# x\n\(Self.line)\n\n\(Self.line)\nno key\n\(Self.other)\n".utf8))
        #expect(lines.line(of: Self.key) == 2)
        #expect(lines.line(of: CertificateMaker.otherKey) == nil)
        #expect(lines.problem?.line == 5)
    }

    @Test func certificateIsNoAuthority() throws {
        let certificate = try CertificateMaker().certificate
        let lines = PublicKeyLines(
            Array("\(certificate.type) \(Base64.encode(certificate.blob))\n\(Self.other)\n".utf8)
        )
        #expect(lines.problem == nil)
        #expect(lines.line(of: Self.key) == nil)
        #expect(lines.line(of: CertificateMaker.otherKey) == 2)
    }

    private static func rsa(bits: Int) -> [UInt8] {
        let string = RevocationListMaker.string
        let modulus = [0, 0x80] + Array(repeating: UInt8(1), count: bits / 8 - 1)
        return string(Array("ssh-rsa".utf8)) + string([1, 0, 1]) + string(modulus)
    }
}
