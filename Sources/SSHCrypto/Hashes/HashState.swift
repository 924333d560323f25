import Crypto

/// The hash functions that key exchange methods name.
public enum HashAlgorithm: Sendable {
    case sha256
    case sha384
    case sha512

    /// Bytes of a digest.
    var length: Int {
        switch self {
        case .sha256: 32
        case .sha384: 48
        case .sha512: 64
        }
    }

    func hash(_ data: [UInt8]) -> [UInt8] {
        var state = HashState(self)
        state.update(data)
        return state.finish()
    }
}

/// A hash over several pieces. By swift-crypto, which uses the processor's instructions for SHA-256: libsodium takes four to
/// five times as long.
struct HashState: ~Copyable {
    // Just one is there. In an enum's payload it would be copied for each update.
    private var sha256: SHA256?
    private var sha384: SHA384?
    private var sha512: SHA512?

    init(_ algorithm: HashAlgorithm) {
        switch algorithm {
        case .sha256: self.sha256 = SHA256()
        case .sha384: self.sha384 = SHA384()
        case .sha512: self.sha512 = SHA512()
        }
    }

    mutating func update(_ bytes: UnsafeRawBufferPointer) {
        self.sha256?.update(bufferPointer: bytes)
        self.sha384?.update(bufferPointer: bytes)
        self.sha512?.update(bufferPointer: bytes)
    }

    mutating func update(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { self.update($0) }
    }

    mutating func update(_ secret: SecretBytes) {
        secret.withBytes { self.update($0) }
    }

    /// Hashes an SSH string: the length as four bytes, then the bytes.
    mutating func update(string bytes: [UInt8]) {
        withUnsafeBytes(of: UInt32(clamping: bytes.count).bigEndian) { self.update($0) }
        self.update(bytes)
    }

    /// Gives the digest; swift-crypto zeroes the state.
    consuming func finish() -> [UInt8] {
        if let state = self.sha256 { return state.finalize().withUnsafeBytes { Array($0) } }
        if let state = self.sha384 { return state.finalize().withUnsafeBytes { Array($0) } }
        if let state = self.sha512 { return state.finalize().withUnsafeBytes { Array($0) } }
        preconditionFailure("a hash state has a hash function")
    }
}
