import COpenSSL
import SSHWire

/// One of libcrypto's cipher contexts. It lives as long as its key; a new packet sets a new initialization vector.
final class CipherContext {
    enum Direction: Int32 {
        case decrypt = 0
        case encrypt = 1
    }

    private let context: OpaquePointer

    /// A context for a cipher whose key is new for every packet.
    init(_ cipher: OpaquePointer?, direction: Direction) throws {
        let cipher = try LibCrypto.check(cipher, "find a cipher")
        self.context = try LibCrypto.check(EVP_CIPHER_CTX_new(), "make a cipher context")
        let result = EVP_CipherInit_ex2(self.context, cipher, nil, nil, direction.rawValue, nil)
        try LibCrypto.check(result, "set a cipher")
    }

    init(
        _ cipher: OpaquePointer?,
        key: UnsafeRawBufferPointer,
        initialVector: UnsafeRawBufferPointer? = nil,
        direction: Direction
    ) throws {
        let cipher = try LibCrypto.check(cipher, "find a cipher")
        // libcrypto reads as many bytes as the cipher says.
        guard Int(EVP_CIPHER_get_key_length(cipher)) == key.count,
            initialVector.map({ Int(EVP_CIPHER_get_iv_length(cipher)) == $0.count }) ?? true
        else {
            throw SSHError(.misuse, "a cipher's key or initialization vector has the wrong length")
        }
        self.context = try LibCrypto.check(EVP_CIPHER_CTX_new(), "make a cipher context")
        let result = EVP_CipherInit_ex2(
            self.context,
            cipher,
            key.baseAddress?.assumingMemoryBound(to: UInt8.self),
            initialVector?.baseAddress?.assumingMemoryBound(to: UInt8.self),
            direction.rawValue,
            nil
        )
        try LibCrypto.check(result, "set a cipher's key")
    }

    deinit {
        EVP_CIPHER_CTX_free(self.context)
    }

    /// Starts a packet, with the key of the one before unless there is a new one. `key` and `initialVector` have as many
    /// bytes as the cipher wants.
    func start(key: UnsafeRawBufferPointer?, initialVector: UnsafeRawBufferPointer) throws {
        let key = key?.baseAddress?.assumingMemoryBound(to: UInt8.self)
        let address = initialVector.baseAddress?.assumingMemoryBound(to: UInt8.self)
        try LibCrypto.check(EVP_CipherInit_ex2(self.context, nil, key, address, -1, nil), "start a packet")
    }

    /// Authenticates bytes that are not encrypted.
    func updateAssociatedData(_ bytes: UnsafeRawBufferPointer) throws {
        try self.update(from: bytes, to: nil)
    }

    func update(_ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer) throws {
        guard source.count > 0 else { return }
        guard target.count == source.count else { throw SSHError(.misuse, "a cipher's output has the wrong length") }
        try self.update(from: source, to: target.baseAddress)
    }

    private func update(from source: UnsafeRawBufferPointer, to target: UnsafeMutableRawPointer?) throws {
        guard let count = Int32(exactly: source.count) else { throw SSHError(.misuse, "a packet is too long") }
        var written: Int32 = 0
        let result = EVP_CipherUpdate(
            self.context,
            target?.assumingMemoryBound(to: UInt8.self),
            &written,
            source.baseAddress?.assumingMemoryBound(to: UInt8.self),
            count
        )
        try LibCrypto.check(result, "run a cipher")
        // A stream cipher gives out what it got; anything else would leave unwritten bytes in a packet.
        guard written == count else { throw LibCrypto.failure("run a cipher to the end") }
    }

    /// Ends a packet of an authenticated cipher and writes its tag.
    func finish(tag: UnsafeMutableRawBufferPointer) throws {
        var written: Int32 = 0
        var nothing: UInt8 = 0
        try LibCrypto.check(EVP_CipherFinal_ex(self.context, &nothing, &written), "end a packet")
        let result = EVP_CIPHER_CTX_ctrl(self.context, EVP_CTRL_AEAD_GET_TAG, Int32(tag.count), tag.baseAddress)
        try LibCrypto.check(result, "give a packet's tag")
    }

    /// Ends a packet of an authenticated cipher.
    ///
    /// - Throws: `integrityCheckFailed` if the tag is wrong.
    func finish(verifying tag: UnsafeRawBufferPointer) throws {
        let address = UnsafeMutableRawPointer(mutating: tag.baseAddress)
        let result = EVP_CIPHER_CTX_ctrl(self.context, EVP_CTRL_AEAD_SET_TAG, Int32(tag.count), address)
        try LibCrypto.check(result, "take a packet's tag")
        var written: Int32 = 0
        var nothing: UInt8 = 0
        guard EVP_CipherFinal_ex(self.context, &nothing, &written) == 1 else {
            ERR_clear_error()
            throw SSHError.wrongTag()
        }
    }
}

/// libcrypto's ciphers, fetched once per process: a fetch takes locks and searches.
enum FetchedCipher {
    // What a fetch returns is reference-counted, immutable and made to be shared between threads.
    nonisolated(unsafe) static let chaCha20 = EVP_CIPHER_fetch(nil, "ChaCha20", nil)
    nonisolated(unsafe) private static let aes256GCM = EVP_CIPHER_fetch(nil, "AES-256-GCM", nil)
    nonisolated(unsafe) private static let aes128GCM = EVP_CIPHER_fetch(nil, "AES-128-GCM", nil)
    nonisolated(unsafe) private static let aes256CTR = EVP_CIPHER_fetch(nil, "AES-256-CTR", nil)
    nonisolated(unsafe) private static let aes192CTR = EVP_CIPHER_fetch(nil, "AES-192-CTR", nil)
    nonisolated(unsafe) private static let aes128CTR = EVP_CIPHER_fetch(nil, "AES-128-CTR", nil)

    static func cipher(for algorithm: CipherAlgorithm) -> OpaquePointer? {
        switch algorithm {
        case .chacha20Poly1305: Self.chaCha20
        case .aes256GCM: Self.aes256GCM
        case .aes128GCM: Self.aes128GCM
        case .aes256CTR: Self.aes256CTR
        case .aes192CTR: Self.aes192CTR
        case .aes128CTR: Self.aes128CTR
        }
    }
}
