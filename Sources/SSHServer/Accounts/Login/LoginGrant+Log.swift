import SSHConfiguration
import SSHCrypto
import SSHProtocol
import SSHSystem

extension LoginGrant {
    /// sshd's line about what accepted a claim: `Accepted key ED25519 SHA256:... found at FILE:LINE`.
    func acceptedText(_ claim: LoginClaim) -> String {
        let place = "\(self.key.file):\(self.key.line)".escapedForLog
        switch claim.credential {
        case .key: return "Accepted key \(claim.description) found at \(place)"
        case .certificate(let certificate):
            let authority = certificate.certificateAuthority
            let name = certificate.keyIdentifier.escapedForLog
            let start = "Accepted certificate ID \"\(name)\" (serial \(certificate.serial)) signed by"
            if self.key.options.certificateAuthority {
                return "\(start) CA \(authority.displayName) \(authority.fingerprint) found at \(place)"
            }
            let file = (self.settings.trustedUserCAKeys ?? "").escapedForLog
            return "\(start) \(authority.displayName) CA \(authority.fingerprint) via \(file)"
        }
    }
}

extension AuthorizedKey {
    /// What sshd says of a line that has the key but does not accept it from there, or not any more.
    func refusalLines(user: String, at now: UInt64, from origin: ClientOrigin) -> [LogLine] {
        if let expiry = self.options.expiryTime, expiry < now { return [.error("Refused by key options")] }
        guard let from = self.options.from, !from.permits(origin) else { return [] }
        return [
            .info(
                """
                \("\(self.file):\(self.line)".escapedForLog): Authentication tried for \(user.escapedForLog) with \
                correct key but not from a permitted host (host=\(origin.host.escapedForLog), ip=\(origin.address), \
                required=\(from.text.escapedForLog)).
                """
            ),
            .error("Refused by key options"),
        ]
    }
}
