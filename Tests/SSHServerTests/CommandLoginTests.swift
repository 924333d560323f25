import Logging
import SSHConfiguration
import SSHCrypto
import SSHProtocol
import SSHTestFixtures
import Testing

@testable import SSHServer

/// AuthorizedKeysCommand and AuthorizedPrincipalsCommand as sshd 9.2 asks them, with answers that no program gave.
struct CommandLoginTests {
    private static let keysCommand = "AuthorizedKeysCommand /keys %u %t %f %k\nAuthorizedKeysCommandUser nobody\n"
    private static let namesCommand =
        "TrustedUserCAKeys FOLDER/trusted\nAuthorizedPrincipalsCommand /names %u %i %s %T %F %K\n"
        + "AuthorizedPrincipalsCommandUser nobody\n"
    private static let key = CertificateMaker.otherKey
    private static let claim = LoginClaim(user: LoginBench.user, credential: .key(Self.key))
    private static let failure = CommandFailure(.info, "AuthorizedKeysCommand /keys failed, status 1")

    private static func bench(_ configuration: String, keys: String = "") -> LoginBench {
        let bench = LoginBench(configuration)
        bench.write("keys", keys)
        bench.write("trusted", LoginBench.authorityLine + "\n")
        return bench
    }

    /// Judges with the same answer for every command that is asked, and gives the questions, too.
    private static func judge(
        _ claim: LoginClaim,
        _ bench: LoginBench,
        _ results: [AccountCommand.Kind: CommandResult],
        _ answers: CommandAnswers = CommandAnswers()
    ) throws -> (decision: LoginDecision, asked: [CommandInvocation]) {
        var answers = answers
        var asked: [CommandInvocation] = []
        while true {
            let decision = try bench.judge(claim, answers: answers)
            guard case .awaits(let invocation) = decision, let result = results[invocation.kind], asked.count < 4 else {
                return (decision, asked)
            }
            asked.append(invocation)
            answers.add(result, of: invocation)
        }
    }

    private static func said(_ text: String) -> CommandResult { .success(Array(text.utf8)) }

    private static func grant(_ decision: LoginDecision) throws -> LoginGrant {
        guard case .accepted(let grant) = decision else {
            Issue.record("refused: \(decision.reasons)")
            throw InvalidValue("refused")
        }
        return grant
    }

    @Test func keyOfTheCommandLogsInWithItsOptions() throws {
        let line = "# of a directory\nrestrict,permitlisten=\"8080\" \(Self.key.openSSHText)\n"
        let judged = try Self.judge(Self.claim, Self.bench(Self.keysCommand), [.keys: Self.said(line)])
        let grant = try Self.grant(judged.decision)
        #expect((grant.key.file, grant.key.line) == ("/keys %u %t %f %k", 2))
        #expect(!grant.key.options.permitsPortForwarding)
        #expect(judged.asked.map(\.user) == ["nobody"])
        let fields = Self.key.openSSHText.split(separator: " ").map(String.init)
        #expect(judged.asked.map(\.arguments) == [[LoginBench.user, fields[0], Self.key.fingerprint, fields[1]]])
    }

    @Test func commandIsNotAskedWhenAFileHasTheKey() throws {
        let bench = Self.bench(Self.keysCommand, keys: Self.key.openSSHText + "\n")
        #expect(try bench.judge(Self.claim).isAccepted)
        // A line that does not accept it from there is not the end.
        bench.write("keys", "from=\"10.0.0.1\" \(Self.key.openSSHText)\n")
        #expect(try Self.judge(Self.claim, bench, [.keys: Self.said(Self.key.openSSHText)]).decision.isAccepted)
    }

    @Test(arguments: [
        "", "from=\"10.0.0.1\" KEY", "expiry-time=\"20010101Z\" KEY", "cert-authority KEY", "wrong KEY", "x\0 KEY",
    ])
    func linesOfTheCommandAreJudgedAsThoseOfAFile(_ line: String) throws {
        let text = line.split(separator: "KEY", omittingEmptySubsequences: false).joined(
            separator: Self.key.openSSHText
        )
        let judged = try Self.judge(Self.claim, Self.bench(Self.keysCommand), [.keys: Self.said(text)])
        #expect(!judged.decision.isAccepted)
        #expect(judged.asked.count == 1)
    }

    @Test func commandWithoutArgumentsGetsTheAccountsName() throws {
        let bench = Self.bench("AuthorizedKeysCommand /keys\nAuthorizedKeysCommandUser nobody")
        let judged = try Self.judge(Self.claim, bench, [.keys: Self.said("")])
        #expect(judged.asked.map(\.arguments) == [[LoginBench.user]])
        let names = Self.namesCommand.split(separator: " %u").first.map(String.init) ?? ""
        let other = Self.bench(names + "\nAuthorizedPrincipalsCommandUser nobody")
        let claim = try other.claim(.ofAccount)
        #expect(try Self.judge(claim, other, [.principals: Self.said("")]).asked.map(\.arguments) == [[]])
    }

    @Test func commandThatFailsLetsInNobody() throws {
        let judged = try Self.judge(Self.claim, Self.bench(Self.keysCommand), [.keys: .failure(Self.failure)])
        #expect(!judged.decision.isAccepted)
        #expect(judged.decision.reasons.contains("AuthorizedKeysCommand /keys failed, status 1"))
    }

    @Test func nobodyWhoIsRefusedAnywayCostsARun() throws {
        let revoked = Self.bench(Self.keysCommand + "RevokedKeys FOLDER/revoked")
        revoked.write("revoked", Self.key.openSSHText + "\n")
        #expect(try Self.judge(Self.claim, revoked, [.keys: Self.said("")]).asked.isEmpty)
        let denied = Self.bench(Self.keysCommand + "DenyUsers \(LoginBench.user)")
        #expect(try Self.judge(Self.claim, denied, [.keys: Self.said("")]).asked.isEmpty)
    }

    @Test func commandInAMatchBlockWithoutItsUserIsSkipped() throws {
        let bench = Self.bench("Match all\nMatch user *\nAuthorizedKeysCommand /keys")
        let decision = try bench.judge(Self.claim)
        #expect(decision.reasons.contains("No user for AuthorizedKeysCommand specified, skipping"))
        // It would have restricted: the account's own name is not enough.
        let names = Self.bench("TrustedUserCAKeys FOLDER/trusted\nMatch user *\nAuthorizedPrincipalsCommand /names")
        #expect(try !names.judge(names.claim(.ofAccount)).isAccepted)
    }

    @Test func tokenThatTheAccountHasNoValueForIsNotPassedOnEmpty() throws {
        let bench = Self.bench("AuthorizedKeysCommand /keys %h\nAuthorizedKeysCommandUser nobody")
        let judged = try Self.judge(Self.claim, bench, [.keys: Self.said(Self.key.openSSHText)])
        #expect(judged.asked.isEmpty)
        #expect(judged.decision.reasons.contains("AuthorizedKeysCommand: the account has no home for %h"))
    }

    @Test func authorityOfTheKeysCommandIsAskedLast() throws {
        let bench = Self.bench(Self.namesCommand + Self.keysCommand)
        let claim = try bench.claim(.ofAccount)
        let authority = Self.said("cert-authority \(LoginBench.authorityLine)\n")
        let judged = try Self.judge(claim, bench, [.principals: Self.said("somebody\n"), .keys: authority])
        #expect(judged.asked.map(\.kind) == [.principals, .keys])
        #expect(judged.decision.isAccepted)
        // %t and %k are the certificate's, %f is the key's.
        let certificate = try CertificateMaker.ofAccount.certificate
        #expect(judged.asked.last?.arguments[1] == certificate.type)
        #expect(judged.asked.last?.arguments[2] == certificate.key.fingerprint)
        #expect(judged.asked.last?.arguments[3] == Base64.encode(certificate.blob))
    }

    @Test(arguments: [
        ("operators", true), ("# no\n\nfrom=\"192.0.2.7\" operators # yes", true), ("somebody", false), ("", false),
        // The account's own name is not enough, and the first line of a name decides.
        (LoginBench.user, false), ("from=\"10.0.0.1\" operators\noperators", false),
        ("x=\"1\" operators\noperators", true),
    ])
    func namesOfTheCommandDecide(_ text: String, _ isAccepted: Bool) throws {
        let bench = Self.bench(Self.namesCommand)
        let claim = try bench.claim(CertificateMaker.ofAccount.with { $0.principals = ["operators"] })
        let judged = try Self.judge(claim, bench, [.principals: Self.said(text)])
        #expect(judged.decision.isAccepted == isAccepted)
        let authority = CertificateMaker.authority.publicKey
        let certificate = try CertificateMaker.ofAccount.certificate
        #expect(
            judged.asked.map(\.arguments) == [
                [
                    LoginBench.user, certificate.keyIdentifier, "\(certificate.serial)", authority.type,
                    authority.fingerprint, Base64.encode(authority.blob),
                ]
            ]
        )
    }

    /// As sshd does, first the file, and the command where the file has none of the names.
    @Test(
        arguments: [
            ("operators", 0, true), ("somebody", 1, true), (nil, 1, true), ("from=\"10.0.0.1\" operators", 0, false),
        ] as [(String?, Int, Bool)]
    )
    func fileOfPrincipalsComesFirst(_ file: String?, _ count: Int, _ isAccepted: Bool) throws {
        let bench = Self.bench(Self.namesCommand + "AuthorizedPrincipalsFile FOLDER/principals")
        if let file { bench.write("principals", file + "\n") }
        let claim = try bench.claim(CertificateMaker.ofAccount.with { $0.principals = ["operators"] })
        let judged = try Self.judge(claim, bench, [.principals: Self.said("operators")])
        #expect(judged.asked.count == count)
        #expect(judged.decision.isAccepted == isAccepted)
    }

    @Test func namesAreNotAskedForAnAuthorityThatIsNotTrusted() throws {
        let bench = Self.bench(Self.namesCommand)
        bench.write("trusted", CertificateMaker.otherKey.openSSHText + "\n")
        let judged = try Self.judge(bench.claim(.ofAccount), bench, [.principals: Self.said(LoginBench.user)])
        #expect(judged.asked.isEmpty)
        #expect(!judged.decision.isAccepted)
    }

    // MARK: Connections that stand

    private static func standing(
        _ bench: LoginBench,
        _ claim: LoginClaim,
        _ results: [AccountCommand.Kind: CommandResult]
    ) throws -> RememberedLine {
        let remembered = try Self.grant(Self.judge(claim, bench, results).decision).remembered
        return try #require(remembered)
    }

    @Test func whatTheCommandSaidHoldsUntilItIsAskedAgain() throws {
        let bench = Self.bench(Self.keysCommand)
        let line = "\n\nno-port-forwarding \(Self.key.openSSHText) c\n"
        let remembered = try Self.standing(bench, Self.claim, [.keys: Self.said(line)])
        let judged = try Self.judge(Self.claim, bench, [:], CommandAnswers(remembering: remembered))
        let grant = try Self.grant(judged.decision)
        #expect((grant.key.line, grant.key.options.permitsPortForwarding) == (3, false))
        // And again: it is remembered for the next time.
        #expect(grant.remembered != nil)
        let again = CommandAnswers(remembering: remembered, asksAgain: true)
        #expect(try Self.judge(Self.claim, bench, [.keys: Self.said(line)], again).asked.count == 1)
        #expect(try !Self.judge(Self.claim, bench, [.keys: Self.said("")], again).decision.isAccepted)
        // One that fails says nothing, also not that somebody is gone.
        let failed = try Self.judge(Self.claim, bench, [.keys: .failure(Self.failure)], again)
        #expect(failed.decision.isAccepted)
    }

    @Test func whatTheCommandSaidHoldsForIt() throws {
        let bench = Self.bench(Self.keysCommand)
        let remembered = try Self.standing(bench, Self.claim, [.keys: Self.said(Self.key.openSSHText)])
        let answers = CommandAnswers(remembering: remembered)
        let other = Self.bench("AuthorizedKeysCommand /other\nAuthorizedKeysCommandUser nobody")
        #expect(try Self.judge(Self.claim, other, [.keys: .failure(Self.failure)], answers).asked.count == 1)
        #expect(try !Self.judge(Self.claim, other, [.keys: .failure(Self.failure)], answers).decision.isAccepted)
        #expect(try !Self.judge(Self.claim, Self.bench(""), [:], answers).decision.isAccepted)
    }

    @Test func lineOfTheCommandExpires() throws {
        let bench = Self.bench(Self.keysCommand)
        let line = "expiry-time=\"20300101Z\" \(Self.key.openSSHText)\n"
        let grant = try Self.grant(Self.judge(Self.claim, bench, [.keys: Self.said(line)]).decision)
        let expires = try #require(grant.expires)
        let answers = CommandAnswers(remembering: grant.remembered)
        #expect(try bench.judge(Self.claim, at: expires, answers: answers).isAccepted)
        #expect(try !bench.judge(Self.claim, at: expires + 1, answers: answers).isAccepted)
    }

    @Test func nameThatTheCommandGaveHoldsUntilItIsAskedAgain() throws {
        let bench = Self.bench(Self.namesCommand)
        let claim = try bench.claim(.ofAccount)
        let remembered = try Self.standing(bench, claim, [.principals: Self.said("\(LoginBench.user)\n")])
        let decision = try bench.judge(claim, answers: CommandAnswers(remembering: remembered))
        #expect(try Self.grant(decision).remembered != nil)
        let again = CommandAnswers(remembering: remembered, asksAgain: true)
        #expect(try !Self.judge(claim, bench, [.principals: Self.said("x")], again).decision.isAccepted)
    }

    @Test func loginByAFileRemembersNoCommand() throws {
        let bench = Self.bench(Self.keysCommand, keys: Self.key.openSSHText + "\n")
        #expect(try Self.grant(bench.judge(Self.claim)).remembered == nil)
    }
}
