import COpenSSL
import SSHWire

/// A key in libcrypto's form, public alone or with its private half. `@unchecked`: it is made once and only read after that, and what
/// libcrypto keeps beside it for blinding is behind a lock of its own.
final class LibCryptoKey: @unchecked Sendable {
    enum Half {
        case publicHalf
        case both
    }

    let pointer: OpaquePointer

    /// - Parameter push: hands the key's numbers to a builder, and says whether it took them. They must live until this returns.
    /// - Throws: `invalidKey` if libcrypto does not take the key.
    init(_ type: String, _ half: Half, push: (OpaquePointer) -> Bool) throws {
        let builder = try LibCrypto.check(OSSL_PARAM_BLD_new(), "describe a key")
        defer { OSSL_PARAM_BLD_free(builder) }
        guard push(builder) else { throw LibCrypto.failure("describe a key") }
        let parameters = try LibCrypto.check(OSSL_PARAM_BLD_to_param(builder), "describe a key")
        // Numbers that are secret lie in a part of their own, which this zeroes.
        defer { OSSL_PARAM_free(parameters) }
        let context = try LibCrypto.check(EVP_PKEY_CTX_new_from_name(nil, type, nil), "make a key context")
        defer { EVP_PKEY_CTX_free(context) }
        try LibCrypto.check(EVP_PKEY_fromdata_init(context), "start to make a key")
        var key: OpaquePointer?
        // EVP_PKEY_PUBLIC_KEY and EVP_PKEY_KEYPAIR, macros that Swift does not see.
        var selection =
            OSSL_KEYMGMT_SELECT_PUBLIC_KEY | OSSL_KEYMGMT_SELECT_DOMAIN_PARAMETERS
            | OSSL_KEYMGMT_SELECT_OTHER_PARAMETERS
        if half == .both { selection |= OSSL_KEYMGMT_SELECT_PRIVATE_KEY }
        guard EVP_PKEY_fromdata(context, &key, selection, parameters) == 1, let key else {
            ERR_clear_error()
            throw SSHError(.invalidKey, "libcrypto does not take the key")
        }
        self.pointer = key
    }

    /// Takes the key over.
    init(taking pointer: OpaquePointer) {
        self.pointer = pointer
    }

    deinit {
        EVP_PKEY_free(self.pointer)
    }

    /// A new key.
    ///
    /// - Parameter configure: sets the size; 1 says that it is set.
    static func generate(_ type: String, configure: (OpaquePointer) -> Int32) throws -> LibCryptoKey {
        let context = try LibCrypto.check(EVP_PKEY_CTX_new_from_name(nil, type, nil), "make a key context")
        defer { EVP_PKEY_CTX_free(context) }
        try LibCrypto.check(EVP_PKEY_keygen_init(context), "start to make a key")
        try LibCrypto.check(configure(context), "set a key's size")
        var key: OpaquePointer?
        try LibCrypto.check(EVP_PKEY_generate(context, &key), "make a key")
        return LibCryptoKey(taking: try LibCrypto.check(key, "make a key"))
    }

    /// Verifies with PKCS #1 v1.5 for RSA, and a DER signature for ECDSA.
    func isValid(signature: [UInt8], over data: [UInt8], digest: String) throws -> Bool {
        let context = try LibCrypto.check(EVP_MD_CTX_new(), "make a digest context")
        defer { EVP_MD_CTX_free(context) }
        let result = EVP_DigestVerifyInit_ex(context, nil, digest, nil, nil, self.pointer, nil)
        try LibCrypto.check(result, "start a verification")
        let isValid = EVP_DigestVerify(context, signature, signature.count, data, data.count) == 1
        // Left alone, the thread's error queue would keep what this peer did.
        if !isValid { ERR_clear_error() }
        return isValid
    }

    /// Signs with PKCS #1 v1.5 for RSA, which libcrypto blinds, and gives a DER signature for ECDSA.
    func sign(_ data: [UInt8], digest: String) throws -> [UInt8] {
        let context = try LibCrypto.check(EVP_MD_CTX_new(), "make a digest context")
        defer { EVP_MD_CTX_free(context) }
        let result = EVP_DigestSignInit_ex(context, nil, digest, nil, nil, self.pointer, nil)
        try LibCrypto.check(result, "start to sign")
        var length = 0
        try LibCrypto.check(EVP_DigestSign(context, nil, &length, data, data.count), "sign")
        var signature = [UInt8](repeating: 0, count: length)
        try LibCrypto.check(EVP_DigestSign(context, &signature, &length, data, data.count), "sign")
        return Array(signature.prefix(length))
    }

    /// One of the key's numbers.
    ///
    /// - Throws: `invalidKey` if it has none of that name.
    func number(_ name: String) throws -> BigNumber {
        var number: OpaquePointer?
        guard EVP_PKEY_get_bn_param(self.pointer, name, &number) == 1, let number else {
            ERR_clear_error()
            throw SSHError(.invalidKey, "a key lacks one of its numbers")
        }
        return BigNumber(taking: number)
    }

    func isOfType(_ type: String) -> Bool {
        EVP_PKEY_is_a(self.pointer, type) == 1
    }
}
