/// SHA-256 of fingerprints and the like.
public enum SHA256Digest {
    /// Bytes of a digest.
    public static let length = 32

    public static func hash(_ data: [UInt8]) -> [UInt8] {
        HashAlgorithm.sha256.hash(data)
    }
}
