import COpenSSL

/// SHA-1, by which old key revocation lists name keys and ssh_config's `%C` names connections. It protects nothing here: a
/// collision revokes one key more.
public enum SHA1Digest {
    static let length = 20

    public static func hash(_ data: [UInt8]) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: Self.length)
        var length: UInt32 = 0
        let result = EVP_Digest(data, data.count, &digest, &length, EVP_sha1(), nil)
        // It fails only without memory or without libcrypto's default provider.
        precondition(result == 1 && length == Self.length, "libcrypto could not compute a SHA-1 digest")
        return digest
    }
}
