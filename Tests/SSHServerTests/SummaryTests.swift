import Glibc
import SSHTestFixtures
import Testing

@testable import SSHServer

/// What `relay -t` says is true.
struct SummaryTests {
    private static func summary(_ text: String) throws -> String {
        try ServerConfiguration.parsing(text).summary.joined(separator: "\n")
    }

    @Test(arguments: [
        ("", "log accounts in by public keys from /etc/relay/authorized_keys/%u."),
        ("PubkeyAuthentication no", "log nobody in: PubkeyAuthentication is no."),
        ("AuthorizedKeysFile none", "log nobody in: AuthorizedKeysFile is none"),
        (
            "AuthorizedKeysFile none\nTrustedUserCAKeys /ca",
            "log accounts in by certificates of the authorities in /ca."
        ),
        ("RefuseConnection yes", "refuse every connection: RefuseConnection is yes."),
        (
            "PubkeyAuthentication no\nMatch User a\nPubkeyAuthentication yes",
            "log nobody in: PubkeyAuthentication is no, unless a Match block says otherwise."
        ),
        ("TrustedUserCAKeys /ca", "that needs neither a file nor a Unix account"),
    ])
    func itSaysHowAccountsLogIn(_ text: String, _ sentence: String) throws {
        #expect(try Self.summary(text).contains(sentence))
    }

    @Test(arguments: [
        "", "TrustedUserCAKeys /ca\nAuthorizedPrincipalsFile /p/%u", "TrustedUserCAKeys /ca\nPubkeyAuthentication no",
    ])
    func itSpeaksOfAccountsByCertificateOnlyWhereThereAreSome(_ text: String) throws {
        #expect(try !Self.summary(text).contains("neither a file nor a Unix account"))
    }

    @Test(arguments: [
        ("", "forward -L, -D, -W, -J and -R."), ("PermitOpen none", "forward -R, but not -L, -D, -W or -J."),
        ("PermitListen none", "forward -L, -D, -W and -J, but not -R."),
        ("PermitListen none\nPermitOpen none", "forward nothing."),
        ("AllowTcpForwarding no\nAllowStreamLocalForwarding yes", "forward nothing."),
        (
            "AllowTcpForwarding no\nAllowStreamLocalForwarding yes\nPermitStreamLocalOpen /run/x",
            "forward Unix sockets and nothing else."
        ),
        ("AllowStreamLocalForwarding remote\nPermitStreamLocalListen /run/x", "-J and -R, and Unix sockets."),
        ("DisableForwarding yes", "forward nothing."),
    ])
    func itSaysWhatIsForwarded(_ text: String, _ sentence: String) throws {
        #expect(try Self.summary(text).contains(sentence))
    }

    @Test(arguments: ["RevokedKeys FOLDER/none", "Match User a\nRevokedKeys FOLDER/there FOLDER/none"])
    func aListOfRevokedKeysThatIsMissingIsAnError(_ text: String) throws {
        let folder = TemporaryFolder()
        folder.write("there", KeyFixture.line())
        let text = text.replacing("FOLDER", with: folder.path)
        #expect {
            _ = try ServerConfiguration.parsing(text).checkFiles()
        } throws: { error in
            let line = text.hasPrefix("Match") ? 2 : 1
            return "\(error)".contains(
                "/etc/relay/config line \(line): RevokedKeys \(folder.path)/none: it does not exist"
            )
        }
    }

    @Test func whatIsWrongWithOtherFilesIsTold() throws {
        let folder = TemporaryFolder()
        folder.write("revoked", "")
        folder.write("authorities", "nonsense\n")
        let check = { (text: String) in
            try ServerConfiguration.parsing(text.replacing("FOLDER", with: folder.path)).checkFiles()
        }
        #expect(try check("RevokedKeys FOLDER/revoked").isEmpty)
        #expect(try check("TrustedUserCAKeys FOLDER/none").first?.contains("it does not exist") == true)
        #expect(try check("TrustedUserCAKeys FOLDER/authorities").first?.contains("line 1") == true)
        #expect(try check("Banner FOLDER/none").first?.contains("No such file or directory") == true)
    }

    @Test func connectionsHaveNumbersOfTheirOwnWheneverTheRelayWasStarted() {
        let first = { (seconds: Int, milliseconds: Int) in
            RelayContext.firstConnectionNumber(at: LogTime(seconds: seconds, milliseconds: milliseconds))
        }
        let now = 1_796_000_000
        #expect(first(now, 5) - first(now, 4) == 10)
        #expect(first(now + 1, 0) - first(now, 0) == 10_000)
        // As a number of JSON, which many read as a Double, for centuries.
        #expect(first(now * 100, 0) < 1 << 53)
        // A clock that was never set.
        #expect(first(0, 0) == 0)
    }
}
