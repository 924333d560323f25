/// The MACs of this program, by the names that stand in SSH_MSG_KEXINIT, the preferred first.
public enum MACAlgorithm: String, CaseIterable, Sendable {
    /// Encrypt-then-MAC (OpenSSH's PROTOCOL §1.5): what is changed on the way is found before anything is decrypted.
    case hmacSHA256ETM = "hmac-sha2-256-etm@openssh.com"
    case hmacSHA512ETM = "hmac-sha2-512-etm@openssh.com"
    /// RFC 6668, of the plaintext (RFC 4253 §6.4).
    case hmacSHA256 = "hmac-sha2-256"
    case hmacSHA512 = "hmac-sha2-512"

    /// Bytes of key that the key exchange derives.
    public var keyLength: Int { self.tagLength }

    /// Bytes of tag that follow each packet.
    public var tagLength: Int {
        switch self {
        case .hmacSHA256ETM, .hmacSHA256: 32
        case .hmacSHA512ETM, .hmacSHA512: 64
        }
    }

    /// Whether it covers the ciphertext.
    var isEncryptThenMAC: Bool {
        switch self {
        case .hmacSHA256ETM, .hmacSHA512ETM: true
        case .hmacSHA256, .hmacSHA512: false
        }
    }

    var digestName: String {
        switch self {
        case .hmacSHA256ETM, .hmacSHA256: "SHA256"
        case .hmacSHA512ETM, .hmacSHA512: "SHA512"
        }
    }
}
