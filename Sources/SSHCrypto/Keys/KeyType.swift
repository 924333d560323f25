/// The kinds of public keys, by the names that stand first in their blobs. DSA is not among them.
enum KeyType: String, CaseIterable {
    case ed25519 = "ssh-ed25519"
    case rsa = "ssh-rsa"
    case ecdsaP256 = "ecdsa-sha2-nistp256"
    case ecdsaP384 = "ecdsa-sha2-nistp384"
    case ecdsaP521 = "ecdsa-sha2-nistp521"
    case securityKeyEd25519 = "sk-ssh-ed25519@openssh.com"
    case securityKeyECDSA = "sk-ecdsa-sha2-nistp256@openssh.com"

    /// As OpenSSH's log lines call it.
    var displayName: String {
        switch self {
        case .ed25519: "ED25519"
        case .rsa: "RSA"
        case .ecdsaP256, .ecdsaP384, .ecdsaP521: "ECDSA"
        case .securityKeyEd25519: "ED25519-SK"
        case .securityKeyECDSA: "ECDSA-SK"
        }
    }

    /// What such a key signs with, best first. RSA's own name would mean SHA-1 and is not there (RFC 8332).
    var signatureAlgorithms: [String] {
        self == .rsa ? ["rsa-sha2-512", "rsa-sha2-256"] : [self.rawValue]
    }

    /// The name of a certificate for such a key.
    var certificateName: String { Self.certificateName(of: self.rawValue) }

    /// The name of a certificate, or of a signature algorithm used with one: the domain, if any, moves to the end.
    static func certificateName(of name: String) -> String {
        let domain = "@openssh.com"
        let plain = name.hasSuffix(domain) ? String(name.dropLast(domain.count)) : name
        return plain + "-cert-v01" + domain
    }
}
