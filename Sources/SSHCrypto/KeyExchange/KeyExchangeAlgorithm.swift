/// The key exchanges of this program, by the names that stand in SSH_MSG_KEXINIT. All hash with SHA-256.
public enum KeyExchangeAlgorithm: String, CaseIterable, Sendable {
    /// ML-KEM-768 and X25519 together (draft-ietf-sshm-mlkem-hybrid-kex).
    case mlkem768x25519 = "mlkem768x25519-sha256"
    /// X25519 (RFC 8731).
    case curve25519 = "curve25519-sha256"
    /// The name that `curve25519` had before it was standardised.
    case curve25519LibSSH = "curve25519-sha256@libssh.org"
}
