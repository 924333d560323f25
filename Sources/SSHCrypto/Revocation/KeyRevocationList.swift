import SSHWire

/// A key revocation list in OpenSSH's binary format (PROTOCOL.krl), parsed and bounded.
///
/// It is read as OpenSSH 9.2 reads it, whose signatures must be right where there are any, and with the extensions of later
/// versions. What these would not take is not taken here either: a list that is half understood revokes half of its keys.
public struct KeyRevocationList: Sendable {
    /// What a file of this kind begins with.
    public static let magic = Array("SSHKRL\n".utf8) + [0]

    /// Blobs of plain keys.
    var keys: Set<[UInt8]> = []
    /// SHA-1 digests of such blobs.
    var sha1: Set<[UInt8]> = []
    /// SHA-256 digests of such blobs.
    var sha256: Set<[UInt8]> = []
    /// By the blob of the authority; the empty one stands for every authority.
    var certificates: [[UInt8]: RevokedCertificates] = [:]
    /// Who signed the list.
    var signers: [PublicKey] = []

    init() {}

    /// - Parameter blob: of a plain key.
    public func revokes(key blob: [UInt8]) -> Bool {
        self.keys.contains(blob)
            || !self.sha1.isEmpty && self.sha1.contains(SHA1Digest.hash(blob))
            || !self.sha256.isEmpty && self.sha256.contains(SHA256Digest.hash(blob))
    }

    /// Whether the certificate, its key or its authority is revoked.
    public func revokes(_ certificate: Certificate) -> Bool {
        let authority = certificate.certificateAuthority.blob
        return self.revokes(key: certificate.key.blob) || self.revokes(key: authority)
            || [authority, []].contains { self.certificates[$0]?.contain(certificate) ?? false }
    }
}
