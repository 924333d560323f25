import COpenSSL

/// HMAC-SHA1, which hashed host names in known_hosts files are made with. Nothing else uses SHA-1.
public func hmacSHA1(key: [UInt8], data: [UInt8]) -> [UInt8] {
    var digest = [UInt8](repeating: 0, count: 20)
    var length: UInt32 = 0
    let result = HMAC(EVP_sha1(), key, Int32(clamping: key.count), data, data.count, &digest, &length)
    // It fails only without memory or without libcrypto's default provider.
    precondition(result != nil && length == 20, "libcrypto could not compute an HMAC")
    return digest
}
