import NIOCore
import SSHCrypto
import SSHWire

/// How far a client is with learning the server's other host keys (OpenSSH's PROTOCOL §2.5).
enum HostKeyLearning {
    /// The server was believed because of this key, and has not said yet which others it has.
    case awaitingAnnouncement(shown: PublicKey)
    /// The server was asked to prove that it has the new keys.
    case awaitingProof(HostKeyRotation, request: UInt64)
    /// Nothing more is learned: it has been, must not be, or the server told what is not so.
    case over

    /// Whether the server's answer proves that it has all keys of `rotation.unknown`.
    static func isProof(_ data: ByteBuffer, of rotation: HostKeyRotation, sessionIdentifier: [UInt8]) -> Bool {
        let keys = rotation.unknown
        guard let signatures = try? HostKeyUpdate(data, limit: keys.count).blobs, signatures.count == keys.count else {
            return false
        }
        return zip(keys, signatures).allSatisfy { key, signature in
            let signed = HostKeyUpdate.signedBytes(sessionIdentifier: sessionIdentifier, key: key.blob)
            return key.signatureAlgorithms.contains { algorithm in
                (try? key.verify(signature: signature, over: signed, algorithm: algorithm)) != nil
            }
        }
    }
}
