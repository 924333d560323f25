import COpenSSL
import SSHWire

/// A public key in libcrypto's form, made for one verification.
final class VerificationKey {
    private let key: OpaquePointer

    convenience init(_ key: RSAPublicKey) throws {
        let modulus = try Self.number(key.modulus)
        defer { BN_free(modulus) }
        let exponent = try Self.number(key.exponent)
        defer { BN_free(exponent) }
        try self.init(type: "RSA") { builder in
            OSSL_PARAM_BLD_push_BN(builder, ParameterName.modulus.address, modulus) == 1
                && OSSL_PARAM_BLD_push_BN(builder, ParameterName.exponent.address, exponent) == 1
        }
    }

    convenience init(_ key: ECDSAPublicKey) throws {
        // The builder keeps the strings' addresses, so both live until the key is made.
        let point = UnsafeMutableRawBufferPointer.allocate(byteCount: key.point.count, alignment: 1)
        defer { point.deallocate() }
        point.copyBytes(from: key.point)
        var name = key.curve.groupName.utf8CString
        let made = try name.withUnsafeMutableBufferPointer { name in
            try Self.makeKey(type: "EC") { builder in
                OSSL_PARAM_BLD_push_utf8_string(builder, ParameterName.group.address, name.baseAddress, 0) == 1
                    && OSSL_PARAM_BLD_push_octet_string(
                        builder,
                        ParameterName.publicKey.address,
                        point.baseAddress,
                        point.count
                    ) == 1
            }
        }
        self.init(made)
    }

    private convenience init(type: String, push: (OpaquePointer) -> Bool) throws {
        self.init(try Self.makeKey(type: type, push: push))
    }

    private init(_ key: OpaquePointer) {
        self.key = key
    }

    deinit {
        EVP_PKEY_free(self.key)
    }

    /// Verifies with PKCS #1 v1.5 for RSA, and a DER signature for ECDSA.
    func isValid(signature: [UInt8], over data: [UInt8], digest: String) throws -> Bool {
        let context = try LibCrypto.check(EVP_MD_CTX_new(), "make a digest context")
        defer { EVP_MD_CTX_free(context) }
        let result = EVP_DigestVerifyInit_ex(context, nil, digest, nil, nil, self.key, nil)
        try LibCrypto.check(result, "start a verification")
        let isValid = EVP_DigestVerify(context, signature, signature.count, data, data.count) == 1
        // Left alone, the thread's error queue would keep what this peer did.
        if !isValid { ERR_clear_error() }
        return isValid
    }

    private static func makeKey(type: String, push: (OpaquePointer) -> Bool) throws -> OpaquePointer {
        let builder = try LibCrypto.check(OSSL_PARAM_BLD_new(), "describe a key")
        defer { OSSL_PARAM_BLD_free(builder) }
        guard push(builder) else { throw LibCrypto.failure("describe a key") }
        let parameters = try LibCrypto.check(OSSL_PARAM_BLD_to_param(builder), "describe a key")
        defer { OSSL_PARAM_free(parameters) }
        let context = try LibCrypto.check(EVP_PKEY_CTX_new_from_name(nil, type, nil), "make a key context")
        defer { EVP_PKEY_CTX_free(context) }
        try LibCrypto.check(EVP_PKEY_fromdata_init(context), "start to make a key")
        var key: OpaquePointer?
        // EVP_PKEY_PUBLIC_KEY, a macro that Swift does not see.
        let selection = OSSL_KEYMGMT_SELECT_PUBLIC_KEY | OSSL_KEYMGMT_SELECT_DOMAIN_PARAMETERS
        let result = EVP_PKEY_fromdata(context, &key, selection | OSSL_KEYMGMT_SELECT_OTHER_PARAMETERS, parameters)
        guard result == 1, let key else {
            ERR_clear_error()
            throw SSHError(.invalidKey, "libcrypto does not take the public key")
        }
        return key
    }

    private static func number(_ bytes: [UInt8]) throws -> OpaquePointer {
        try LibCrypto.check(BN_bin2bn(bytes, Int32(clamping: bytes.count), nil), "read a number")
    }
}
