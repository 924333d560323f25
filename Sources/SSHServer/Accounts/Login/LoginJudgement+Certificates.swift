import SSHConfiguration
import SSHCrypto
import SSHSystem

/// Certificates: who trusts the authority, for whom, and what the certificate itself says.
extension LoginJudgement {
    mutating func line(
        for certificate: Certificate,
        in keys: AuthorizedKeys
    ) throws(LoginRefusal) -> AuthorizedKey {
        let rules: CertificateRules
        do throws(LoginRefusal) {
            rules = try self.check(certificate)
        } catch {
            // Nobody fills the log with certificates that no authority made.
            guard self.isTrusted(certificate, in: keys), (try? certificate.verifySignature()) != nil else {
                throw LoginRefusal(error.reasons)
            }
            let said = error.said.isEmpty ? self.optionLines(certificate, in: keys) : error.said
            throw LoginRefusal(error.reasons, said: said)
        }
        var reasons: [String] = []
        var said = keys.problems.compactMap(\.said)
        // The account's own lines first: they may restrict what the relay's trust in the same authority would permit.
        do throws(LoginRefusal) {
            if let line = try self.line(of: certificate, in: keys, rules) { return line.narrowed }
        } catch {
            reasons += error.reasons
            said += error.said
        }
        do throws(LoginRefusal) {
            if let line = try self.lineByTrustedAuthority(certificate) { return try self.narrow(line, by: rules) }
        } catch {
            guard self.awaited == nil else { throw error }
            reasons += error.reasons
            said += error.said
        }
        do throws(LoginRefusal) {
            if let keys = try self.keysOfCommand(), let line = try self.line(of: certificate, in: keys, rules) {
                self.remember(.key(line.written))
                return line.narrowed
            }
        } catch {
            reasons += error.reasons
            said += error.said
        }
        if reasons.isEmpty {
            reasons = ["the certificate's authority is not trusted"] + keys.unreadableLines.map(\.description)
        }
        throw LoginRefusal(reasons, said: said)
    }

    /// The first cert-authority line that accepts the certificate, as it is written and with the certificate's limits; nil if
    /// there is none for its authority.
    private func line(
        of certificate: Certificate,
        in keys: AuthorizedKeys,
        _ rules: CertificateRules
    ) throws(LoginRefusal) -> (written: AuthorizedKey, narrowed: AuthorizedKey)? {
        var reasons: [String] = []
        var said: [LogLine] = []
        for line in keys.keys where line.options.certificateAuthority {
            guard line.blob == certificate.certificateAuthority.blob else { continue }
            do throws(LoginRefusal) {
                try self.check(line, for: certificate)
                return (line, try self.narrow(line, by: rules))
            } catch {
                reasons += error.reasons
                said += error.said
            }
        }
        guard reasons.isEmpty else { throw LoginRefusal(reasons, said: said) }
        return nil
    }

    /// What is asked of a certificate whoever trusts its authority.
    private func check(_ certificate: Certificate) throws(LoginRefusal) -> CertificateRules {
        guard certificate.kind == .user else { throw LoginRefusal("a host's certificate does not log in") }
        guard !certificate.principals.isEmpty else { throw LoginRefusal("the certificate lacks a principal list") }
        guard certificate.isValid(at: self.now) else {
            let isEarly = self.now < certificate.validAfter
            throw LoginRefusal(
                "the certificate is not valid \(isEarly ? "yet" : "any more")",
                said: .error("Certificate invalid: \(isEarly ? "not yet valid" : "expired")")
            )
        }
        guard self.settings.caSignatureAlgorithms.contains(certificate.signatureAlgorithm) else {
            throw LoginRefusal("the authority signed with \(certificate.signatureAlgorithm): CASignatureAlgorithms")
        }
        // Beyond that, RequiredRSASize is about users' keys, as in sshd.
        if let bits = certificate.certificateAuthority.rsaBits, bits < min(2048, self.settings.requiredRSASize) {
            throw LoginRefusal("the authority's RSA key has \(bits) bits: RequiredRSASize")
        }
        do {
            let rules = try CertificateRules(certificate)
            guard rules.permits(self.facts.address) else {
                throw InvalidValue("the certificate's source-address does not include \(self.facts.address)")
            }
            try certificate.verifySignature()
            return rules
        } catch {
            throw LoginRefusal((error as? InvalidValue)?.reason ?? ErrorText.of(error))
        }
    }

    private func narrow(_ line: AuthorizedKey, by rules: CertificateRules) throws(LoginRefusal) -> AuthorizedKey {
        do {
            return AuthorizedKey(
                options: try rules.narrowing(line.options),
                keyType: line.keyType,
                blob: line.blob,
                comment: line.comment,
                file: line.file,
                line: line.line
            )
        } catch {
            throw LoginRefusal("\(line.rule): \((error as? InvalidValue)?.reason ?? "\(error)")")
        }
    }

    /// A cert-authority line: its own `principals=` stands for the account's name.
    private func check(_ line: AuthorizedKey, for certificate: Certificate) throws(LoginRefusal) {
        if let reason = AuthorizedKeys.refusal(line.options, self.now, self.facts.origin) {
            throw LoginRefusal(["\(line.rule): \(reason)"], said: self.refusalLines(line))
        }
        let wanted = line.options.principals ?? [self.account.name.text]
        guard wanted.contains(where: certificate.names) else {
            throw LoginRefusal(
                "\(line.rule): the certificate does not contain an authorized principal",
                said: line.options.principals == nil ? .nameNotListed : .noPrincipal
            )
        }
    }

    /// The line that TrustedUserCAKeys and AuthorizedPrincipalsFile stand for; nil if they do not know the authority.
    private mutating func lineByTrustedAuthority(_ certificate: Certificate) throws(LoginRefusal) -> AuthorizedKey? {
        guard let path = self.settings.trustedUserCAKeys else { return nil }
        let authority = certificate.certificateAuthority
        let authorities = try self.consulted.trustedAuthorities(path, at: self.now)
        guard let number = authorities.line(of: authority) else { return nil }
        if self.settings.namesPrincipals {
            let entry = try self.principal(of: certificate)
            return AuthorizedKey(entry.options, authority, file: entry.rule.file, line: entry.rule.line)
        }
        guard certificate.names(self.account.name.text) else {
            throw LoginRefusal("the certificate does not name the account among its principals", said: .nameNotListed)
        }
        // No line asks for a touch or waives it: the certificate alone says.
        var options = KeyOptions()
        options.requiresUserPresence = false
        return AuthorizedKey(options, authority, file: path, line: number)
    }
}

extension Certificate {
    func names(_ principal: String) -> Bool {
        self.principals.contains { $0.hasSameBytes(as: principal) }
    }
}

extension AuthorizedKey {
    /// What stands for a line in authorized_keys where an authority is trusted in another place.
    fileprivate init(_ options: KeyOptions, _ authority: PublicKey, file: String, line: Int) {
        self.init(
            options: options,
            keyType: authority.type,
            blob: authority.blob,
            comment: "",
            file: file,
            line: line
        )
    }
}
