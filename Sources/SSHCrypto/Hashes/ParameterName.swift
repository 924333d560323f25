import COpenSSL

/// The name of one of libcrypto's parameters.
///
/// libcrypto keeps a name's address, not its text, and a Swift string's C form is gone when the call returns: so each
/// name is copied once and stays for good. `@unchecked`: nobody writes to it after that.
struct ParameterName: @unchecked Sendable {
    let address: UnsafePointer<CChar>

    private init(_ text: String) {
        let bytes = Array(text.utf8CString)
        let copy = UnsafeMutablePointer<CChar>.allocate(capacity: bytes.count)
        copy.initialize(from: bytes, count: bytes.count)
        self.address = UnsafePointer(copy)
    }

    static let digest = ParameterName(OSSL_MAC_PARAM_DIGEST)
    static let modulus = ParameterName(OSSL_PKEY_PARAM_RSA_N)
    static let exponent = ParameterName(OSSL_PKEY_PARAM_RSA_E)
    static let group = ParameterName(OSSL_PKEY_PARAM_GROUP_NAME)
    static let publicKey = ParameterName(OSSL_PKEY_PARAM_PUB_KEY)
    static let privateKey = ParameterName(OSSL_PKEY_PARAM_PRIV_KEY)
    static let privateExponent = ParameterName(OSSL_PKEY_PARAM_RSA_D)
    static let factor1 = ParameterName(OSSL_PKEY_PARAM_RSA_FACTOR + "1")
    static let factor2 = ParameterName(OSSL_PKEY_PARAM_RSA_FACTOR + "2")
    static let exponent1 = ParameterName(OSSL_PKEY_PARAM_RSA_EXPONENT + "1")
    static let exponent2 = ParameterName(OSSL_PKEY_PARAM_RSA_EXPONENT + "2")
    static let coefficient1 = ParameterName(OSSL_PKEY_PARAM_RSA_COEFFICIENT + "1")
}
