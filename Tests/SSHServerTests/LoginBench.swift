import SSHTestFixtures
import SSHWire

@testable import SSHCrypto
@testable import SSHProtocol
@testable import SSHServer

/// Files of an account without a Unix account, and logins that are judged by them.
struct LoginBench {
    /// No Unix account has this name.
    static let user = "no-such-unix-account"
    static let now: UInt64 = 1_800_000_000

    let folder = TemporaryFolder()
    var configuration: String
    var address = "192.0.2.7"
    var user = Self.user

    init(_ configuration: String = "") {
        self.configuration = configuration
    }

    /// A file that lines of the configuration may name by `FOLDER/name`.
    func write(_ name: String, _ text: String) {
        self.folder.write(name, text)
    }

    func path(_ name: String) -> String { "\(self.folder.path)/\(name)" }

    func judge(
        _ claim: LoginClaim,
        at now: UInt64 = Self.now,
        files: AccountFiles = AccountFiles(),
        answers: CommandAnswers = CommandAnswers()
    ) throws -> LoginDecision {
        LoginDecision.judge(
            claim,
            configuration: try self.load(),
            facts: .from(self.user, address: self.address),
            now: now,
            files: files,
            answers: answers
        )
    }

    func explain(_ key: Explanation.Key, _ question: Explanation.Question = .logIn) throws -> Explanation {
        Explanation(
            question,
            by: key,
            facts: .from(self.user, address: self.address),
            configuration: try self.load(),
            now: Self.now
        )
    }

    private func load() throws -> ServerConfiguration {
        let lines = "AuthorizedKeysFile FOLDER/keys\nStrictModes no\n\(self.configuration)\n"
        let text = lines.split(separator: "FOLDER", omittingEmptySubsequences: false).joined(
            separator: self.folder.path
        )
        let file = self.folder.write("config", text)
        return try ServerConfiguration.load(file: file, supported: .all)
    }

    /// The line that lets the claim in; nil if nobody does.
    func line(_ claim: LoginClaim, at now: UInt64 = Self.now) throws -> AuthorizedKey? {
        guard case .accepted(let grant) = try self.judge(claim, at: now) else { return nil }
        return grant.key
    }

    func lets(_ maker: CertificateMaker, in now: UInt64 = Self.now) throws -> Bool {
        try self.line(self.claim(maker), at: now) != nil
    }

    func claim(_ maker: CertificateMaker) throws -> LoginClaim {
        LoginClaim(user: self.user, credential: .certificate(try maker.certificate))
    }

    /// With a signature, by a security key if there are flags of one.
    func signedClaim(
        _ credential: AuthenticationRequest.Credential,
        algorithm: String? = nil,
        flags: UInt8? = nil
    ) -> LoginClaim {
        let type =
            switch credential {
            case .key(let key): key.type
            case .certificate(let certificate): certificate.type
            }
        let securityKey = flags.map { SecurityKeyDetails(flags: $0, counter: 1) }
        return LoginClaim(
            AuthenticationRequest(
                user: self.user,
                algorithm: algorithm ?? type,
                credential: credential,
                proof: .signature(SignatureDetails(securityKey: securityKey))
            )
        )
    }

    static let authorityLine = CertificateMaker.authority.publicKey.openSSHText
}

extension CertificateMaker {
    /// Of the bench's account.
    static var ofAccount: CertificateMaker {
        var maker = CertificateMaker()
        maker.principals = [LoginBench.user]
        return maker
    }

    func with(_ change: (inout CertificateMaker) -> Void) -> CertificateMaker {
        var maker = self
        change(&maker)
        return maker
    }
}

extension LoginDecision {
    var isAccepted: Bool {
        if case .accepted = self { true } else { false }
    }

    var reasons: [String] {
        if case .refused(let refusal, _) = self { refusal.reasons } else { [] }
    }
}
