import SSHCrypto
import SSHProtocol

/// One question to a command: which, as whom, with which arguments. Equal ones have one answer.
struct CommandInvocation: Hashable, Sendable {
    let kind: AccountCommand.Kind
    let command: AccountCommand
    /// Without the path.
    let arguments: [String]
    /// Who runs it.
    let user: String

    /// As sshd's log shows the whole command, but for the end of a long one: a client's certificate may stand in it.
    var text: String {
        let text = ([self.command.path] + self.arguments).map(Self.quoted).joined(separator: " ")
        return text.utf8.count <= Self.textLimit ? text : "\(text.prefix(Self.textLimit))..."
    }

    private static let textLimit = 1024

    private static func quoted(_ word: String) -> String {
        let isPlain = !word.isEmpty && !word.utf8.contains { " \t'\"\\".utf8.contains($0) }
        guard !isPlain else { return word }
        return "\"" + String(word.flatMap { "\"\\".contains($0) ? ["\\", $0] : [$0] }) + "\""
    }
}

extension LoginClaim {
    /// What a command is told about the account and the key, or the certificate.
    func value(of token: AccountCommand.Token, for account: Account) -> String? {
        switch token {
        case .user: account.name.text
        case .userID: account.userID.map { "\($0)" }
        case .home: account.home
        case .key: Base64.encode(self.offeredBlob)
        case .keyType: self.certificate?.type ?? self.key.type
        case .fingerprint: self.key.fingerprint
        case .authority: self.certificate.map { Base64.encode($0.certificateAuthority.blob) } ?? ""
        case .authorityType: self.certificate?.certificateAuthority.type ?? ""
        case .authorityFingerprint: self.certificate?.certificateAuthority.fingerprint ?? ""
        case .keyIdentifier: self.certificate?.keyIdentifier ?? ""
        case .serial: self.certificate.map { "\($0.serial)" } ?? ""
        }
    }

    private var certificate: Certificate? {
        guard case .certificate(let certificate) = self.credential else { return nil }
        return certificate
    }

    private var offeredBlob: [UInt8] {
        self.certificate?.blob ?? self.key.blob
    }
}
