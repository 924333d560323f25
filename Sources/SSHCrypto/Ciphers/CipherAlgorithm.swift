import COpenSSL

/// The ciphers of this program, by the names that stand in SSH_MSG_KEXINIT.
public enum CipherAlgorithm: String, CaseIterable, Sendable {
    case chacha20Poly1305 = "chacha20-poly1305@openssh.com"
    case aes256GCM = "aes256-gcm@openssh.com"
    case aes128GCM = "aes128-gcm@openssh.com"
    case aes256CTR = "aes256-ctr"
    case aes192CTR = "aes192-ctr"
    case aes128CTR = "aes128-ctr"

    /// Bytes of key that the key exchange derives.
    public var keyLength: Int {
        switch self {
        case .chacha20Poly1305: 64
        case .aes256GCM, .aes256CTR: 32
        case .aes192CTR: 24
        case .aes128GCM, .aes128CTR: 16
        }
    }

    /// Bytes of initialization vector that the key exchange derives.
    public var initialVectorLength: Int {
        switch self {
        case .chacha20Poly1305: 0
        case .aes256GCM, .aes128GCM: 12
        case .aes256CTR, .aes192CTR, .aes128CTR: 16
        }
    }

    /// Whether the cipher authenticates by itself: no MAC is negotiated next to it.
    public var isAuthenticated: Bool {
        switch self {
        case .chacha20Poly1305, .aes256GCM, .aes128GCM: true
        case .aes256CTR, .aes192CTR, .aes128CTR: false
        }
    }

    /// What the length of the encrypted part of a packet is a multiple of.
    var blockLength: Int {
        self == .chacha20Poly1305 ? 8 : 16
    }
}
