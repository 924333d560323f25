import CBoringSSL
import SSHWire

/// AES-GCM by the BoringSSL that swift-crypto carries. A context lives as long as its key.
final class BoringSSLCipher: GCMCipher {
    private let context: OpaquePointer

    private static let initialVectorLength = 12
    private static let tagLengths = 1...16

    init(key: UnsafeRawBufferPointer, direction: CipherContext.Direction) throws {
        let cipher: OpaquePointer? =
            switch key.count {
            case 16: CCryptoBoringSSL_EVP_aes_128_gcm()
            case 32: CCryptoBoringSSL_EVP_aes_256_gcm()
            default: nil
            }
        guard let cipher else { throw SSHError(.misuse, "AES-GCM was given a key of \(key.count) bytes") }
        guard let context = CCryptoBoringSSL_EVP_CIPHER_CTX_new() else { throw Self.failure("make a cipher context") }
        self.context = context
        let key = key.baseAddress?.assumingMemoryBound(to: UInt8.self)
        let result = CCryptoBoringSSL_EVP_CipherInit_ex(context, cipher, nil, key, nil, direction.rawValue)
        try Self.check(result, "set a cipher's key")
    }

    deinit {
        CCryptoBoringSSL_EVP_CIPHER_CTX_free(self.context)
    }

    func start(initialVector: UnsafeRawBufferPointer) throws {
        guard initialVector.count == Self.initialVectorLength else {
            throw SSHError(.misuse, "AES-GCM was given \(initialVector.count) bytes of initialization vector")
        }
        let address = initialVector.baseAddress?.assumingMemoryBound(to: UInt8.self)
        try Self.check(
            CCryptoBoringSSL_EVP_CipherInit_ex(self.context, nil, nil, nil, address, -1),
            "start a packet"
        )
    }

    func updateAssociatedData(_ bytes: UnsafeRawBufferPointer) throws {
        try self.update(from: bytes, to: nil)
    }

    func update(_ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer) throws {
        guard source.count > 0 else { return }
        guard target.count == source.count, let address = target.baseAddress else {
            throw SSHError(.misuse, "a cipher's output has the wrong length")
        }
        try self.update(from: source, to: address)
    }

    private func update(from source: UnsafeRawBufferPointer, to target: UnsafeMutableRawPointer?) throws {
        guard let count = Int32(exactly: source.count) else { throw SSHError(.misuse, "a packet is too long") }
        var written: Int32 = 0
        let result = CCryptoBoringSSL_EVP_CipherUpdate(
            self.context,
            target?.assumingMemoryBound(to: UInt8.self),
            &written,
            source.baseAddress?.assumingMemoryBound(to: UInt8.self),
            count
        )
        try Self.check(result, "run a cipher")
        guard written == count else { throw Self.failure("run a cipher to the end") }
    }

    func finish(tag: UnsafeMutableRawBufferPointer) throws {
        var written: Int32 = 0
        var nothing: UInt8 = 0
        let result = CCryptoBoringSSL_EVP_CipherFinal_ex(self.context, &nothing, &written)
        try Self.check(result, "end a packet")
        try self.exchangeTag(BORINGSSL_GET_TAG, tag.baseAddress, tag.count)
    }

    func finish(verifying tag: UnsafeRawBufferPointer) throws {
        try self.exchangeTag(BORINGSSL_SET_TAG, UnsafeMutableRawPointer(mutating: tag.baseAddress), tag.count)
        var written: Int32 = 0
        var nothing: UInt8 = 0
        guard CCryptoBoringSSL_EVP_CipherFinal_ex(self.context, &nothing, &written) == 1 else {
            CCryptoBoringSSL_ERR_clear_error()
            throw SSHError.wrongTag()
        }
    }

    private func exchangeTag(_ command: Int32, _ address: UnsafeMutableRawPointer?, _ count: Int) throws {
        guard Self.tagLengths.contains(count) else { throw SSHError(.misuse, "AES-GCM has no tag of \(count) bytes") }
        let result = CCryptoBoringSSL_EVP_CIPHER_CTX_ctrl(self.context, command, Int32(count), address)
        try Self.check(result, "exchange a packet's tag")
    }

    private static func check(_ result: Int32, _ operation: StaticString) throws {
        guard result == 1 else { throw Self.failure(operation) }
    }

    private static func failure(_ operation: StaticString) -> SSHError {
        // Left alone, the thread's error queue would keep what an earlier connection did.
        CCryptoBoringSSL_ERR_clear_error()
        return SSHError(.system, "BoringSSL could not \(operation)")
    }
}
