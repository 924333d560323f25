import CSodium

/// SHA-256. By libsodium, because its implementation needs no allocation and cannot fail; what is hashed here is short.
public enum SHA256Digest {
    /// Bytes of a digest.
    public static let length = 32

    public static func hash(_ data: [UInt8]) -> [UInt8] {
        var state = SHA256State()
        state.update(data)
        return state.finish()
    }
}

/// SHA-256 over several pieces.
struct SHA256State: ~Copyable {
    private var state = crypto_hash_sha256_state()

    init() {
        crypto_hash_sha256_init(&self.state)
    }

    mutating func update(_ bytes: UnsafeRawBufferPointer) {
        guard let address = bytes.baseAddress else { return }
        crypto_hash_sha256_update(&self.state, address.assumingMemoryBound(to: UInt8.self), UInt64(bytes.count))
    }

    mutating func update(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { self.update($0) }
    }

    /// Hashes an SSH string: the length as four bytes, then the bytes.
    mutating func update(string bytes: [UInt8]) {
        withUnsafeBytes(of: UInt32(clamping: bytes.count).bigEndian) { self.update($0) }
        self.update(bytes)
    }

    /// Gives the digest; libsodium zeroes the state.
    consuming func finish() -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: SHA256Digest.length)
        crypto_hash_sha256_final(&self.state, &digest)
        return digest
    }
}
