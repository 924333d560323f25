import SSHCrypto
import SSHProtocol
import SSHTestFixtures
import Testing

@testable import SSHServer

/// Keys in authenticators: who must have touched them, and who must have entered a PIN.
struct SecurityKeyLoginTests {
    private static let touched: UInt8 = 1
    private static let unlocked: UInt8 = 4

    private static func letsIn(
        _ bench: LoginBench,
        _ flags: UInt8,
        extensions: [String] = [],
        critical: [String] = []
    ) throws -> Bool {
        let certificate = try CertificateMaker(key: try CertificateMaker.securityKey).with {
            $0.principals = [LoginBench.user, "operators"]
            $0.extensions = extensions.map { (name: $0, data: []) }
            $0.criticalOptions = critical.map { (name: $0, data: []) }
        }.certificate
        return try bench.line(bench.signedClaim(.certificate(certificate), flags: flags)) != nil
    }

    private static func trusting(_ configuration: String = "") -> LoginBench {
        let bench = LoginBench("TrustedUserCAKeys FOLDER/trusted\n\(configuration)")
        bench.write("trusted", LoginBench.authorityLine + "\n")
        return bench
    }

    @Test func certificateAloneWaivesTheTouchWhereNoLineSpeaks() throws {
        #expect(try !Self.letsIn(Self.trusting(), 0))
        #expect(try Self.letsIn(Self.trusting(), Self.touched))
        #expect(try Self.letsIn(Self.trusting(), 0, extensions: ["no-touch-required"]))
        #expect(
            try !Self.letsIn(Self.trusting("PubkeyAuthOptions touch-required"), 0, extensions: ["no-touch-required"])
        )
    }

    @Test(arguments: [("", false), ("no-touch-required ", true), ("restrict ", false)])
    func lineOfThePrincipalsFileMustWaiveItToo(_ options: String, _ isWaived: Bool) throws {
        let bench = Self.trusting("AuthorizedPrincipalsFile FOLDER/principals")
        bench.write("principals", "\(options)operators\n")
        #expect(try Self.letsIn(bench, 0, extensions: ["no-touch-required"]) == isWaived)
        #expect(try !Self.letsIn(bench, 0))
        #expect(try Self.letsIn(bench, Self.touched))
    }

    @Test(arguments: [("", false), (",no-touch-required", true), (",no-touch-required,touch-required", false)])
    func lineOfTheAuthorityMustWaiveItToo(_ options: String, _ isWaived: Bool) throws {
        let bench = LoginBench()
        bench.write("keys", "cert-authority\(options) \(LoginBench.authorityLine)\n")
        #expect(try Self.letsIn(bench, 0, extensions: ["no-touch-required"]) == isWaived)
        #expect(try !Self.letsIn(bench, 0))
    }

    @Test func whoeverAsksForThePINGetsIt() throws {
        #expect(try Self.letsIn(Self.trusting(), Self.touched))
        #expect(try !Self.letsIn(Self.trusting(), Self.touched, critical: ["verify-required"]))
        #expect(try Self.letsIn(Self.trusting(), Self.touched | Self.unlocked, critical: ["verify-required"]))
        #expect(try !Self.letsIn(Self.trusting("PubkeyAuthOptions verify-required"), Self.touched))
        let bench = LoginBench()
        bench.write("keys", "cert-authority,verify-required \(LoginBench.authorityLine)\n")
        #expect(try !Self.letsIn(bench, Self.touched))
        #expect(try Self.letsIn(bench, Self.touched | Self.unlocked))
    }

    @Test func plainSecurityKeyIsTouchedUnlessItsLineWaivesIt() throws {
        let key = try CertificateMaker.securityKey
        for (options, flags, isAccepted): (String, UInt8, Bool) in [
            ("", 0, false), ("", 1, true), ("no-touch-required ", 0, true), ("verify-required ", 1, false),
            ("verify-required ", 5, true), ("verify-required,no-touch-required ", 4, true),
        ] {
            let bench = LoginBench()
            bench.write("keys", "\(options)\(key.openSSHText)\n")
            #expect(try (bench.line(bench.signedClaim(.key(key), flags: flags)) != nil) == isAccepted)
        }
    }
}
