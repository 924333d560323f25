import SSHCrypto
import SSHProtocol
import SSHTestFixtures
import Testing

@testable import SSHServer

/// Certificates judged against authorized_keys, TrustedUserCAKeys and AuthorizedPrincipalsFile.
struct CertificateLoginTests {
    private static let now = LoginBench.now

    private static func trusting(_ configuration: String = "", _ trusted: String = LoginBench.authorityLine)
        -> LoginBench
    {
        let bench = LoginBench("TrustedUserCAKeys FOLDER/trusted\n\(configuration)")
        bench.write("trusted", trusted + "\n")
        return bench
    }

    private static func listing(_ options: String) -> LoginBench {
        let bench = LoginBench()
        bench.write("keys", "cert-authority\(options) \(LoginBench.authorityLine)\n")
        return bench
    }

    @Test func onlyAUsersCertificateOfATrustedAuthorityForTheAccountLogsIn() throws {
        for bench in [Self.trusting(), Self.listing("")] {
            let maker = CertificateMaker.ofAccount
            #expect(try bench.lets(maker))
            #expect(try !bench.lets(maker.with { $0.kind = 2 }))
            #expect(try !bench.lets(maker.with { $0.principals = [] }))
            #expect(try !bench.lets(maker.with { $0.principals = ["somebody", LoginBench.user + "x", ""] }))
            #expect(try !bench.lets(maker.with { $0.authority = CertificateMaker.privateKey(9) }))
            #expect(try !bench.lets(maker.with { $0.criticalOptions = [("x@example.com", [])] }))
            #expect(try !bench.lets(maker.with { $0.extensions = [("permit-pty", [1])] }))
            let key = LoginClaim(user: LoginBench.user, credential: .key(CertificateMaker.key))
            #expect(try bench.line(key) == nil)
            let authority = LoginClaim(user: LoginBench.user, credential: .key(CertificateMaker.authority.publicKey))
            #expect(try bench.line(authority) == nil)
        }
    }

    @Test func forgedSignatureDoesNotLogIn() throws {
        var blob = try CertificateMaker.ofAccount.blob
        let serial = try #require(blob.firstIndex(of: 77))
        blob[serial] = 78
        let claim = LoginClaim(user: LoginBench.user, credential: .certificate(try Certificate(blob: blob)))
        #expect(try Self.trusting().line(claim) == nil)
        #expect(try Self.listing("").line(claim) == nil)
    }

    @Test func validityBeginsAndEndsAtTheSecond() throws {
        let maker = CertificateMaker.ofAccount.with { ($0.validAfter, $0.validBefore) = (Self.now, Self.now + 10) }
        for bench in [Self.trusting(), Self.listing("")] {
            #expect(try !bench.lets(maker, in: Self.now - 1))
            #expect(try bench.lets(maker, in: Self.now))
            #expect(try bench.lets(maker, in: Self.now + 9))
            #expect(try !bench.lets(maker, in: Self.now + 10))
        }
    }

    @Test func loginEndsWithTheEarliestOfTheEnds() throws {
        let maker = CertificateMaker.ofAccount.with { $0.validBefore = 1_893_456_009 }
        let ends = { (bench: LoginBench, maker: CertificateMaker) throws -> UInt64? in
            guard case .accepted(let grant) = try bench.judge(bench.claim(maker)) else { return 0 }
            return grant.expires
        }
        #expect(try ends(Self.trusting(), maker) == 1_893_456_009)
        #expect(try ends(Self.trusting(), CertificateMaker.ofAccount) == nil)
        #expect(try ends(Self.listing(",expiry-time=\"20300101Z\""), maker) == 1_893_456_000)
        #expect(try ends(Self.listing(",expiry-time=\"20300101Z\""), CertificateMaker.ofAccount) == 1_893_456_000)
    }

    @Test(arguments: [
        ("", true), (",principals=\"operators\"", true), (",principals=\"a,operators\"", true),
        (",principals=\"a\"", false), (",principals=\"\"", false), (",from=\"192.0.2.7\"", true),
        (",from=\"10.0.0.0/8\"", false), (",expiry-time=\"20200101Z\"", false), (",no-such-option", false),
        (",command=\"x\"", false), (",command=\"forced\"", true),
    ])
    func optionsOfTheLineHold(_ options: String, _ isAccepted: Bool) throws {
        let maker = CertificateMaker.ofAccount.with {
            $0.principals += ["operators"]
            $0.criticalOptions = [("force-command", CertificateMaker.data("forced"))]
        }
        #expect(try Self.listing(options).lets(maker) == isAccepted)
    }

    /// What stands in the principals file, and whether a certificate for operators logs in.
    @Test(arguments: [
        ("operators\n", true), ("others\noperators\n", true), ("", false), ("others\n", false),
        ("\(LoginBench.user)\n", false), ("from=\"10.0.0.1\" operators\noperators\n", false),
        ("operators\nfrom=\"10.0.0.1\" operators\n", true), ("expiry-time=\"20200101Z\" operators\noperators\n", false),
        ("no-such-option operators\noperators\n", true), ("cert-authority operators\noperators\n", false),
        ("principals=\"operators\" operators\noperators\n", false),
        ("cert-authority,principals=\"operators\" operators\noperators\n", false), ("operators\r\n", false),
    ])
    func firstLineOfAPrincipalDecides(_ text: String, _ isAccepted: Bool) throws {
        let bench = Self.trusting("AuthorizedPrincipalsFile FOLDER/principals-%u")
        bench.write("principals-\(LoginBench.user)", text)
        #expect(try bench.lets(CertificateMaker.ofAccount.with { $0.principals = ["operators"] }) == isAccepted)
    }

    @Test func missingPrincipalsFileLetsNobodyIn() throws {
        #expect(try !Self.trusting("AuthorizedPrincipalsFile FOLDER/missing").lets(.ofAccount))
        // The account has neither a home nor a user id.
        #expect(try !Self.trusting("AuthorizedPrincipalsFile .ssh/principals").lets(.ofAccount))
        #expect(try !Self.trusting("AuthorizedPrincipalsFile FOLDER/%U").lets(.ofAccount))
    }

    @Test func linesBehindAMalformedOneAreNotTrusted() throws {
        let (line, other) = (LoginBench.authorityLine, CertificateMaker.otherKey.openSSHText)
        #expect(try Self.trusting("", "\(line)\nno key").lets(.ofAccount))
        #expect(try !Self.trusting("", "no key\n\(line)").lets(.ofAccount))
        #expect(try !Self.trusting("", "\(other)\n\(other)x\n\(line)").lets(.ofAccount))
        #expect(try Self.trusting("", "# no key\n\n\(other)\n\(line)").lets(.ofAccount))
    }

    @Test func accountsOwnLineRestrictsAnAuthorityThatIsTrustedAnyway() throws {
        let bench = Self.trusting()
        let forwards = { try bench.line(bench.claim(.ofAccount))?.options.permitsPortForwarding }
        #expect(try forwards() == true)
        bench.write("keys", "cert-authority,restrict \(LoginBench.authorityLine)\n")
        #expect(try forwards() == false)
        // A line that does not accept the certificate does not stand in the way.
        bench.write("keys", "cert-authority,restrict,from=\"10.0.0.1\" \(LoginBench.authorityLine)\n")
        #expect(try forwards() == true)
        bench.write("keys", "restrict \(LoginBench.authorityLine)\n")
        #expect(try forwards() == true)
    }

    @Test func withoutTheExtensionNothingIsForwarded() throws {
        let maker = CertificateMaker.ofAccount.with { $0.extensions = [] }
        for bench in [Self.trusting(), Self.listing(""), Self.listing(",port-forwarding")] {
            #expect(try bench.line(bench.claim(maker))?.options.permitsPortForwarding == false)
        }
    }

    @Test func sourceAddressHolds() throws {
        let maker = CertificateMaker.ofAccount.with {
            $0.criticalOptions = [("source-address", CertificateMaker.data("192.0.2.0/24"))]
        }
        for var bench in [Self.trusting(), Self.listing("")] {
            #expect(try bench.lets(maker))
            bench.address = "10.0.0.1"
            #expect(try !bench.lets(maker))
        }
    }

    @Test func caSignatureAlgorithmsHold() throws {
        #expect(try !Self.trusting("CASignatureAlgorithms rsa-sha2-512").lets(.ofAccount))
        #expect(try Self.trusting("CASignatureAlgorithms ssh-ed25519").lets(.ofAccount))
        #expect(try !Self.trusting("PubkeyAcceptedAlgorithms ssh-ed25519").lets(.ofAccount))
        #expect(try !Self.trusting("PubkeyAuthentication no").lets(.ofAccount))
        #expect(try !Self.trusting("DenyUsers no-such*").lets(.ofAccount))
    }

    /// U+212A is a K for Unicode, and so is an e with an accent behind it an é. For the system they are other names, which no
    /// rule about the right one holds for.
    @Test(arguments: [("Kevin", "\u{212a}evin"), ("jos\u{e9}", "jose\u{301}")])
    func otherSpellingOfANameIsAnotherName(_ name: String, _ spelling: String) throws {
        for principals in [nil, "AuthorizedPrincipalsFile FOLDER/principals"] {
            var bench = Self.trusting("DenyUsers \(name)\n\(principals ?? "")")
            bench.write("principals", "\(spelling)\n")
            bench.user = spelling
            #expect(try !bench.lets(CertificateMaker().with { $0.principals = [name] }))
            #expect(try bench.lets(CertificateMaker().with { $0.principals = [spelling] }))
        }
        var bench = Self.listing("")
        bench.user = spelling
        #expect(try !bench.lets(CertificateMaker().with { $0.principals = [name] }))
        bench = Self.listing(",principals=\"\(spelling)\"")
        #expect(try !bench.lets(CertificateMaker().with { $0.principals = [name] }))
        #expect(AccountName(name) != AccountName(spelling))
    }

    /// An editor left keys there that were taken out of the account's file.
    @Test(arguments: [
        "alice~", "alice.bak", "alice.BAK", "alice.new", "alice.dpkg-old", "alice.rpmsave", "#alice#", "alice.swp",
    ])
    func copyOfAnAccountsFileIsNoAccount(_ name: String) throws {
        var bench = Self.trusting()
        bench.write("keys", CertificateMaker.key.openSSHText)
        bench.user = name
        #expect(try bench.line(LoginClaim(user: name, credential: .key(CertificateMaker.key))) == nil)
        #expect(try !bench.lets(CertificateMaker().with { $0.principals = [name] }))
    }

    @Test(arguments: ["alice", "alice.smith", "alice@example.com", "new", "bak", "a~b", "alice.newer"])
    func otherNamesAreAccounts(_ name: String) throws {
        var bench = LoginBench()
        bench.user = name
        bench.write("keys", CertificateMaker.key.openSSHText)
        #expect(try bench.line(LoginClaim(user: name, credential: .key(CertificateMaker.key))) != nil)
    }

    @Test(arguments: [
        ("", true, true), ("PermitRootLogin yes", true, true), ("PermitRootLogin prohibit-password", true, true),
        ("PermitRootLogin forced-commands-only", false, true), ("PermitRootLogin no", false, false),
        ("Match user root\nPermitRootLogin no", false, false),
    ])
    func rootLogsInAsPermitRootLoginSays(_ line: String, _ isAccepted: Bool, _ isAcceptedByCommand: Bool) throws {
        var bench = Self.trusting(line)
        bench.user = "root"
        let maker = CertificateMaker().with { $0.principals = ["root"] }
        let forced = maker.with { $0.criticalOptions = [("force-command", CertificateMaker.data("x"))] }
        #expect(try bench.lets(maker) == isAccepted)
        #expect(try bench.lets(forced) == isAcceptedByCommand)
    }

    @Test func nameThatIsNoAccountsLogsNobodyIn() throws {
        var bench = Self.trusting()
        for name in ["", "-x", ".", "..", "a/b", "a b", "a\u{1b}b"] {
            bench.user = name
            #expect(try !bench.lets(CertificateMaker().with { $0.principals = [name] }))
        }
    }
}
