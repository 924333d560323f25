import SSHCrypto
import SSHProtocol

/// One claim being judged, with everything that is asked about it.
struct LoginJudgement {
    let claim: LoginClaim
    let account: Account
    let facts: ConnectionFacts
    let settings: AccountSettings
    let strictModes: Bool
    /// Seconds since 1970.
    let now: UInt64
    var consulted: ConsultedFiles

    /// The line that accepts the claim, its options narrowed by a certificate's.
    mutating func line(in keys: AuthorizedKeys) throws(LoginRefusal) -> AuthorizedKey {
        try self.checkSettings()
        try self.checkRevocation()
        let line: AuthorizedKey
        switch self.claim.credential {
        case .key(let key):
            switch keys.match(blob: key.blob, at: self.now, from: self.facts.address, host: self.facts.host) {
            case .accepted(let accepted): line = accepted
            case .refused(let reasons):
                let lines = keys.keys.filter { $0.blob == key.blob && !$0.options.certificateAuthority }
                throw LoginRefusal(reasons.map(\.description), said: lines.flatMap(self.refusalLines))
            }
        case .certificate(let certificate):
            line = try self.line(for: certificate, in: keys)
        }
        try self.checkSecurityKey(line)
        return line
    }

    func grant(_ line: AuthorizedKey) -> LoginGrant {
        var ends = line.options.expiryTime.map { [$0] } ?? []
        if case .certificate(let certificate) = self.claim.credential { ends.append(certificate.validBefore) }
        let expires = ends.min().flatMap { $0 == .max ? nil : $0 }
        return LoginGrant(key: line, settings: self.settings, expires: expires, files: self.consulted.paths)
    }

    // MARK: What holds for every credential

    private func checkSettings() throws(LoginRefusal) {
        let mayLogIn = self.settings.mayLogIn(self.facts)
        guard mayLogIn.isPermitted else { throw LoginRefusal("\(mayLogIn.rule)") }
        guard self.settings.pubkeyAuthentication else {
            throw LoginRefusal("\(self.settings.$pubkeyAuthentication.rule ?? .builtIn("PubkeyAuthentication no"))")
        }
        guard self.settings.pubkeyAcceptedAlgorithms.contains(self.claim.algorithm) else {
            throw LoginRefusal(
                "\(self.settings.$pubkeyAcceptedAlgorithms.rule ?? .builtIn("PubkeyAcceptedAlgorithms"))"
            )
        }
        if let bits = self.claim.key.rsaBits, bits < self.settings.requiredRSASize {
            throw LoginRefusal("an RSA key of \(bits) bits: RequiredRSASize is \(self.settings.requiredRSASize)")
        }
    }

    /// A list that cannot be read might name this very key.
    private mutating func checkRevocation() throws(LoginRefusal) {
        for path in self.settings.revokedKeys {
            let file: RevokedKeyFile
            do {
                file = try RevokedKeyFile(try self.consulted.read(path).bytes)
            } catch is BoundedFile.NotFound {
                throw LoginRefusal(
                    "RevokedKeys \(path) does not exist: nobody may log in",
                    said: self.unreadable(path, "No such file or directory")
                )
            } catch {
                let reason = ErrorText.of(error)
                throw LoginRefusal(
                    "RevokedKeys \(path): \(reason): nobody may log in",
                    said: self.unreadable(path, reason)
                )
            }
            let isRevoked =
                switch self.claim.credential {
                case .key(let key): file.revokes(key: key.blob)
                case .certificate(let certificate): file.revokes(certificate)
                }
            guard !isRevoked else {
                throw LoginRefusal("the key is revoked: it stands in RevokedKeys \(path)", said: self.revoked(path))
            }
        }
    }

    /// Security keys must have been touched, and where something says so, unlocked. Without a signature there is nothing
    /// to see yet.
    private func checkSecurityKey(_ line: AuthorizedKey) throws(LoginRefusal) {
        guard self.claim.isProven, let securityKey = self.claim.securityKey else { return }
        let touch = line.options.requiresUserPresence || self.settings.pubkeyAuthOptions.contains(.touchRequired)
        if touch, !securityKey.userPresent { throw LoginRefusal("\(line.rule): the security key was not touched") }
        let unlock =
            line.options.requiresUserVerification || self.settings.pubkeyAuthOptions.contains(.verifyRequired)
        if unlock, !securityKey.userVerified { throw LoginRefusal("\(line.rule): the security key was not unlocked") }
    }

    // MARK: Certificates

    private mutating func line(
        for certificate: Certificate,
        in keys: AuthorizedKeys
    ) throws(LoginRefusal) -> AuthorizedKey {
        let rules: CertificateRules
        do throws(LoginRefusal) {
            rules = try self.check(certificate)
        } catch {
            guard self.isTrusted(certificate, in: keys) else { throw LoginRefusal(error.reasons) }
            let said = error.said.isEmpty ? self.optionLines(certificate, in: keys) : error.said
            throw LoginRefusal(error.reasons, said: said)
        }
        var reasons: [String] = []
        var said: [LogLine] = []
        // The account's own lines first: they may restrict what the relay's trust in the same authority would permit.
        for line in keys.keys where line.options.certificateAuthority {
            guard line.blob == certificate.certificateAuthority.blob else { continue }
            do throws(LoginRefusal) {
                try self.check(line, for: certificate)
                return try self.narrow(line, by: rules)
            } catch {
                reasons += error.reasons
                said += error.said
            }
        }
        do throws(LoginRefusal) {
            if let line = try self.lineByTrustedAuthority(certificate) { return try self.narrow(line, by: rules) }
        } catch {
            reasons += error.reasons
            said += error.said
        }
        throw LoginRefusal(reasons.isEmpty ? ["the certificate's authority is not trusted"] : reasons, said: said)
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
        if let bits = certificate.certificateAuthority.rsaBits, bits < self.settings.requiredRSASize {
            throw LoginRefusal("the authority has an RSA key of \(bits) bits: RequiredRSASize")
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
        if let reason = AuthorizedKeys.refusal(line.options, self.now, self.facts.address, self.facts.host) {
            throw LoginRefusal(["\(line.rule): \(reason)"], said: self.refusalLines(line))
        }
        let wanted = line.options.principals ?? [self.account.name.text]
        guard certificate.principals.contains(where: wanted.contains) else {
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
        guard let number = try self.number(of: authority, in: path) else { return nil }
        let line = { (options: KeyOptions, file: String, number: Int) in
            AuthorizedKey(
                options: options,
                keyType: authority.type,
                blob: authority.blob,
                comment: "",
                file: file,
                line: number
            )
        }
        guard let pattern = self.settings.authorizedPrincipalsFile else {
            guard certificate.principals.contains(self.account.name.text) else {
                throw LoginRefusal(
                    "the certificate does not name the account among its principals",
                    said: .nameNotListed
                )
            }
            return line(KeyOptions(), path, number)
        }
        let principals = try self.principals(pattern)
        // The first line with one of the certificate's names decides, as in sshd.
        if let entry = principals.lines.first(where: { certificate.principals.contains($0.principal) }) {
            if let reason = AuthorizedKeys.refusal(entry.options, self.now, self.facts.address, self.facts.host) {
                throw LoginRefusal("\(entry.rule): \(reason)")
            }
            guard !entry.options.certificateAuthority else {
                throw LoginRefusal("\(entry.rule): cert-authority has no place in front of a principal")
            }
            return line(entry.options, entry.rule.file, entry.rule.line)
        }
        let reasons = principals.problems.map(\.description)
        throw LoginRefusal(reasons + ["the certificate does not contain an authorized principal"], said: [.noPrincipal])
    }

    /// The line of TrustedUserCAKeys with the authority's key.
    mutating func number(of authority: PublicKey, in path: String) throws(LoginRefusal) -> Int? {
        do {
            var number = 0
            let bytes = try self.consulted.read(path).bytes
            for line in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
                number += 1
                let text = String(decoding: line, as: UTF8.self)
                if let key = try? PublicKey(openSSHLine: text), key == authority { return number }
            }
            return nil
        } catch is BoundedFile.NotFound {
            throw LoginRefusal("TrustedUserCAKeys \(path) does not exist")
        } catch {
            throw LoginRefusal("TrustedUserCAKeys \(path): \(ErrorText.of(error))")
        }
    }

    private mutating func principals(_ pattern: String) throws(LoginRefusal) -> PrincipalsFile {
        do {
            guard case .path(let path) = try AuthorizedKeysPath.expand(pattern, for: self.account, glob: false) else {
                throw InvalidValue("the account has no home or user id for AuthorizedPrincipalsFile \(pattern)")
            }
            let file = try self.consulted.read(path)
            if self.strictModes { try StrictModes(account: self.account).check(file, path: path) }
            return PrincipalsFile(file.bytes, path: path)
        } catch is BoundedFile.NotFound {
            throw LoginRefusal("AuthorizedPrincipalsFile \(pattern) does not exist for this account")
        } catch {
            throw LoginRefusal((error as? InvalidValue)?.reason ?? ErrorText.of(error))
        }
    }
}
