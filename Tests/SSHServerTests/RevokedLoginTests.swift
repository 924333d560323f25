import SSHCrypto
import SSHProtocol
import SSHTestFixtures
import Synchronization
import Testing

@testable import SSHServer

/// RevokedKeys, and what is kept of such files between logins.
struct RevokedLoginTests {
    private static let key = CertificateMaker.key
    private static let claim = LoginClaim(user: LoginBench.user, credential: .key(key))

    private static func bench(_ revoked: String?) -> LoginBench {
        let bench = LoginBench("RevokedKeys FOLDER/revoked")
        bench.write("keys", Self.key.openSSHText + "\n")
        if let revoked { bench.write("revoked", revoked) }
        return bench
    }

    private final class Reports: Sendable {
        let texts = Mutex<[String]>([])
        func files(_ lists: KeyLists) -> AccountFiles {
            AccountFiles(lists: lists) { text in self.texts.withLock { $0.append(text) } }
        }
        var all: [String] { self.texts.withLock { $0 } }
    }

    @Test func listedKeyDoesNotLogIn() throws {
        #expect(try Self.bench("").line(Self.claim) != nil)
        #expect(try Self.bench(CertificateMaker.otherKey.openSSHText).line(Self.claim) != nil)
        #expect(try Self.bench(Self.key.openSSHText).line(Self.claim) == nil)
    }

    @Test func nobodyLogsInByAListThatCannotBeRead() throws {
        for revoked in [nil, "no key", "SSHKRL\n\0\0\0\0\u{2}"] as [String?] {
            let bench = Self.bench(revoked)
            let decision = try bench.judge(Self.claim)
            #expect(!decision.isAccepted)
            #expect(decision.reasons.first?.hasPrefix("RevokedKeys \(bench.path("revoked")): ") == true)
            #expect(decision.reasons.first?.hasSuffix(": nobody may log in") == true)
        }
    }

    @Test func certificateIsRevokedWithItsKeyAndItsAuthority() throws {
        for (text, isAccepted) in [
            ("", true), (CertificateMaker.otherKey.openSSHText, true), (Self.key.openSSHText, false),
            (LoginBench.authorityLine, false),
        ] {
            let bench = LoginBench("TrustedUserCAKeys FOLDER/trusted\nRevokedKeys FOLDER/none FOLDER/revoked")
            bench.write("none", "")
            bench.write("trusted", LoginBench.authorityLine)
            bench.write("revoked", text)
            #expect(try bench.lets(.ofAccount) == isAccepted)
        }
    }

    @Test func whatIsWrongWithAListIsReportedOnceUntilItChanges() throws {
        let bench = Self.bench("no key")
        let (reports, lists) = (Reports(), KeyLists())
        for _ in 0..<3 { _ = try bench.judge(Self.claim, files: reports.files(lists)) }
        #expect(reports.all.count == 1)
        #expect(reports.all.first?.contains("line 1") == true)
        bench.write("revoked", "# fine\nno key either")
        for _ in 0..<3 { _ = try bench.judge(Self.claim, files: reports.files(lists)) }
        #expect(reports.all.count == 2)
        bench.write("revoked", "")
        #expect(try bench.judge(Self.claim, files: reports.files(lists)).isAccepted)
        bench.write("revoked", "no key")
        _ = try bench.judge(Self.claim, files: reports.files(lists))
        #expect(reports.all.count == 3)
    }

    @Test func malformedLineOfAuthoritiesIsReportedOnce() throws {
        let bench = LoginBench("TrustedUserCAKeys FOLDER/trusted")
        bench.write("trusted", "\(LoginBench.authorityLine)\nno key\n")
        let (reports, lists) = (Reports(), KeyLists())
        for _ in 0..<3 {
            #expect(try bench.judge(bench.claim(.ofAccount), files: reports.files(lists)).isAccepted)
        }
        #expect(reports.all.count == 1)
        #expect(reports.all.first?.hasPrefix("TrustedUserCAKeys \(bench.path("trusted")): line 2: ") == true)
    }
}
