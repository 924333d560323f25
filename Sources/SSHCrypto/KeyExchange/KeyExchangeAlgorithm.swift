/// The key exchanges of this program, by the names that stand in SSH_MSG_KEXINIT, the preferred first.
public enum KeyExchangeAlgorithm: String, CaseIterable, Sendable {
    /// ML-KEM-768 and X25519 together (draft-ietf-sshm-mlkem-hybrid-kex).
    case mlkem768x25519 = "mlkem768x25519-sha256"
    /// Streamlined NTRU Prime and X25519 together (draft-ietf-sshm-ntruprime-ssh), preferred by OpenSSH from 8.5 to 9.8.
    case sntrup761x25519 = "sntrup761x25519-sha512"
    /// The name that it had before it was standardised.
    case sntrup761x25519OpenSSH = "sntrup761x25519-sha512@openssh.com"
    /// X25519 (RFC 8731).
    case curve25519 = "curve25519-sha256"
    /// The name that `curve25519` had before it was standardised.
    case curve25519LibSSH = "curve25519-sha256@libssh.org"
    /// Elliptic-curve Diffie-Hellman on the NIST curves (RFC 5656 §4).
    case ecdhP256 = "ecdh-sha2-nistp256"
    case ecdhP384 = "ecdh-sha2-nistp384"
    case ecdhP521 = "ecdh-sha2-nistp521"
    /// Diffie-Hellman in the groups of RFC 3526 (RFC 8268).
    case group14SHA256 = "diffie-hellman-group14-sha256"
    case group16SHA512 = "diffie-hellman-group16-sha512"
    case group18SHA512 = "diffie-hellman-group18-sha512"

    /// What is offered unless a configuration names others.
    public static let offered = Self.allCases.filter { !$0.isByNameOnly }

    /// Only a configuration that names it has it, as in sshd since 10.0: it costs the server far more than what is preferred to it.
    public var isByNameOnly: Bool {
        if case .finiteField = self.method { true } else { false }
    }

    /// What makes the exchange hash and the keys.
    public var hash: HashAlgorithm {
        switch self {
        case .mlkem768x25519, .curve25519, .curve25519LibSSH, .ecdhP256, .group14SHA256: .sha256
        case .ecdhP384: .sha384
        case .sntrup761x25519, .sntrup761x25519OpenSSH, .ecdhP521, .group16SHA512, .group18SHA512: .sha512
        }
    }

    enum Method {
        case mlkem768x25519
        case sntrup761x25519
        case curve25519
        case ellipticCurve(EllipticCurve)
        case finiteField(DiffieHellmanGroup)
    }

    var method: Method {
        switch self {
        case .mlkem768x25519: .mlkem768x25519
        case .sntrup761x25519, .sntrup761x25519OpenSSH: .sntrup761x25519
        case .curve25519, .curve25519LibSSH: .curve25519
        case .ecdhP256: .ellipticCurve(.nistp256)
        case .ecdhP384: .ellipticCurve(.nistp384)
        case .ecdhP521: .ellipticCurve(.nistp521)
        case .group14SHA256: .finiteField(.group14)
        case .group16SHA512: .finiteField(.group16)
        case .group18SHA512: .finiteField(.group18)
        }
    }
}
