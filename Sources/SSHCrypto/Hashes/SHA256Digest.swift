import Crypto

/// SHA-256. By swift-crypto, which uses the processor's instructions for it: libsodium takes four to five times as long.
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
    private var state = SHA256()

    init() {}

    mutating func update(_ bytes: UnsafeRawBufferPointer) {
        self.state.update(bufferPointer: bytes)
    }

    mutating func update(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { self.update($0) }
    }

    /// Hashes an SSH string: the length as four bytes, then the bytes.
    mutating func update(string bytes: [UInt8]) {
        withUnsafeBytes(of: UInt32(clamping: bytes.count).bigEndian) { self.update($0) }
        self.update(bytes)
    }

    /// Gives the digest; swift-crypto zeroes the state.
    consuming func finish() -> [UInt8] {
        self.state.finalize().withUnsafeBytes { Array($0) }
    }
}
