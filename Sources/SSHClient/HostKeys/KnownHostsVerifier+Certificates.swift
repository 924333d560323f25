import SSHConfiguration
package import SSHCrypto
package import SSHWire

/// What to do with the certificate that a server showed. Unless it is accepted or refused, ssh goes on with the key in it.
package enum HostCertificateDecision: Sendable {
    case accept
    /// Revoked: the key in it does not count either.
    case refuse(SSHError)
    /// No @cert-authority line names the authority for this host.
    case notTrusted
    /// The authority is trusted, but the certificate does not hold here and now; the text says why.
    case notValid(String)
}

extension KnownHostsVerifier {
    /// Its signature by the authority has been checked with the key exchange.
    ///
    /// - Parameter now: seconds since 1970.
    func decide(_ certificate: Certificate, now: UInt64) -> HostCertificateDecision {
        if let refusal = self.tooShort(certificate.key) { return .refuse(refusal) }
        if let revoked = self.revoked, revoked.contains(certificate) {
            let file = self.rules.revokedHostKeys ?? ""
            return .refuse(Self.revocation(of: certificate, by: file))
        }
        let verdict = self.knownHosts.lookup(
            self.rules.name,
            fallback: self.rules.fallbackName,
            authority: certificate.certificateAuthority,
            certifiedKey: certificate.key
        )
        switch verdict {
        case .revoked(let entry): return .refuse(Self.revocation(of: certificate, by: "\(entry)"))
        case .changed, .unknown: return .notTrusted
        case .match: break
        }
        let validity = HostCertificateValidity(
            name: self.rules.certificateName,
            signatureAlgorithms: self.rules.caSignatureAlgorithms,
            requiredRSASize: self.rules.requiredRSASize
        )
        guard let problem = validity.problem(with: certificate, at: now) else { return .accept }
        return .notValid("The host certificate of \(self.rules.name) is not used: \(problem)")
    }

    private static func revocation(of certificate: Certificate, by source: String) -> SSHError {
        SSHError(
            .hostKeyRejected,
            "the host certificate's key \(certificate.key.fingerprint) "
                + "or its authority \(certificate.certificateAuthority.fingerprint) is revoked by \(source)"
        )
    }
}

/// What a certificate must be to stand for a host (PROTOCOL.certkeys).
package struct HostCertificateValidity: Sendable {
    /// The host's name, in lower case and without a port.
    package var name: String
    /// What authorities may sign with.
    package var signatureAlgorithms: [String]
    /// Bits that an authority's RSA key must have.
    package var requiredRSASize: Int

    package init(name: String, signatureAlgorithms: [String], requiredRSASize: Int) {
        self.name = name
        self.signatureAlgorithms = signatureAlgorithms
        self.requiredRSASize = requiredRSASize
    }

    /// - Parameter now: seconds since 1970.
    /// - Returns: nil if there is none.
    package func problem(with certificate: Certificate, at now: UInt64) -> String? {
        if certificate.kind != .host { return "it is not a host certificate" }
        if now < certificate.validAfter { return "it is not yet valid" }
        if now >= certificate.validBefore { return "it has expired" }
        // Wildcards count in hosts' certificates, and an empty list stands for nobody, as in OpenSSH from 10.3 on.
        guard certificate.principals.contains(where: { Pattern($0).matches(self.name) }) else {
            return "\(self.name) is not a listed principal"
        }
        if !certificate.criticalOptions.isEmpty { return "it has a critical option, and none is known for hosts" }
        guard self.signatureAlgorithms.contains(certificate.signatureAlgorithm) else {
            return "it is signed with \(certificate.signatureAlgorithm), which CASignatureAlgorithms does not allow"
        }
        if let bits = certificate.certificateAuthority.rsaBits, bits < self.requiredRSASize {
            return "its authority's RSA key has \(bits) bits, less than RequiredRSASize"
        }
        return nil
    }
}
