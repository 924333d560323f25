import CSodium

/// libsodium's ChaCha20 and Poly1305, for small packets: setting up libcrypto's takes longer than running them over some hundred
/// bytes, and these need no setting up. Over longer ones libcrypto's are faster, soon twice as fast.
struct SodiumChaCha20Poly1305 {
    /// The key's 32 bytes.
    let key: UnsafePointer<UInt8>
    let sequenceNumber: UInt32

    /// Encrypts or decrypts in place.
    ///
    /// - Parameter block: where the key stream begins.
    func apply(to bytes: UnsafeMutableRawBufferPointer, block: UInt64) {
        guard let address = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return }
        var nonce = UInt64(self.sequenceNumber).bigEndian
        withUnsafeBytes(of: &nonce) { nonce in
            guard let nonce = nonce.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return }
            _ = crypto_stream_chacha20_xor_ic(address, address, UInt64(bytes.count), nonce, block, self.key)
        }
    }

    /// Lends the tag of the bytes: 16 bytes.
    func withTag<Result>(of bytes: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        let address = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
        // The first 32 bytes of block 0 are Poly1305's key.
        var key: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        var tag: (UInt64, UInt64) = (0, 0)
        withUnsafeMutableBytes(of: &key) { self.apply(to: $0, block: 0) }
        withUnsafeMutablePointer(to: &key) { key in
            withUnsafeMutablePointer(to: &tag) { tag in
                key.withMemoryRebound(to: UInt8.self, capacity: 32) { key in
                    tag.withMemoryRebound(to: UInt8.self, capacity: 16) { tag in
                        _ = crypto_onetimeauth_poly1305(tag, address, UInt64(bytes.count), key)
                    }
                }
            }
        }
        withUnsafeMutableBytes(of: &key) { Sodium.zero($0) }
        return withUnsafeBytes(of: &tag, body)
    }
}
