import SSHConfiguration
import SSHCrypto
import SSHProtocol
import SSHSystem

/// What sshd's log says of refusals.
extension LoginJudgement {
    func refusalLines(_ line: AuthorizedKey) -> [LogLine] {
        line.refusalLines(user: self.claim.user, at: self.now, from: self.facts.origin)
    }

    func revoked(_ path: String) -> LogLine {
        .error("Authentication key \(self.shortName) revoked by file \(path.escapedForLog)")
    }

    func unreadable(_ path: String, _ reason: String) -> LogLine {
        .error(
            "Error checking authentication key \(self.shortName) in revoked keys file \(path.escapedForLog): \(reason)"
        )
    }

    private var shortName: String { "\(self.claim.key.displayName) \(self.claim.key.fingerprint)" }

    /// Only a certificate of an authority that somebody trusts is looked at, and spoken of.
    mutating func isTrusted(_ certificate: Certificate, in keys: AuthorizedKeys) -> Bool {
        if Self.line(of: certificate, in: keys) != nil { return true }
        guard let path = self.settings.trustedUserCAKeys else { return false }
        let authorities = try? self.consulted.trustedAuthorities(path, at: self.now)
        return authorities?.line(of: certificate.certificateAuthority) != nil
    }

    private static func line(of certificate: Certificate, in keys: AuthorizedKeys) -> AuthorizedKey? {
        keys.keys.first { $0.options.certificateAuthority && $0.blob == certificate.certificateAuthority.blob }
    }

    /// What is wrong with the options of a certificate, if anything is.
    func optionLines(_ certificate: Certificate, in keys: AuthorizedKeys) -> [LogLine] {
        let known = ["force-command", "source-address", "verify-required"]
        if let option = certificate.criticalOptions.first(where: { !known.contains($0.name) }) {
            return [
                .error("Certificate critical option \"\(option.name.escapedForLog)\" is not supported"),
                .error("Invalid certificate options"),
            ]
        }
        guard let rules = try? CertificateRules(certificate) else { return [.error("Invalid certificate options")] }
        guard !rules.permits(self.facts.address) else { return [] }
        let place = Self.line(of: certificate, in: keys).map { "\($0.file):\($0.line)" }
        return [
            .info(
                """
                \((place ?? "cert").escapedForLog): Authentication tried for \
                \(self.claim.user.escapedForLog) with valid certificate but not from a permitted source address \
                (\(self.facts.address)).
                """
            ),
            .error("Refused by certificate options"),
        ]
    }
}

extension LogLine {
    /// The certificate does not name the account.
    static let nameNotListed = LogLine.error("Certificate invalid: name is not a listed principal")
    /// The certificate has none of the names that `principals=` or AuthorizedPrincipalsFile want.
    static let noPrincipal = LogLine.error("Certificate does not contain an authorized principal")
}
