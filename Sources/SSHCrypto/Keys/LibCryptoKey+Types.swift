import COpenSSL
import SSHWire

extension LibCryptoKey {
    convenience init(_ key: RSAPublicKey) throws {
        let (modulus, exponent) = (try BigNumber(key.modulus), try BigNumber(key.exponent))
        try self.init("RSA", .publicHalf) { builder in
            OSSL_PARAM_BLD_push_BN(builder, ParameterName.modulus.address, modulus.pointer) == 1
                && OSSL_PARAM_BLD_push_BN(builder, ParameterName.exponent.address, exponent.pointer) == 1
        }
    }

    /// - Parameter privateKey: the scalar, if the key is to sign.
    convenience init(_ key: ECDSAPublicKey, privateKey: BigNumber? = nil) throws {
        // The builder keeps the strings' addresses, so both live until the key is made.
        let point = UnsafeMutableRawBufferPointer.allocate(byteCount: key.point.count, alignment: 1)
        defer { point.deallocate() }
        point.copyBytes(from: key.point)
        let name = UnsafeMutableBufferPointer<CChar>.allocate(capacity: key.curve.groupName.utf8.count + 1)
        defer { name.deallocate() }
        _ = name.initialize(from: key.curve.groupName.utf8CString)
        try self.init("EC", privateKey == nil ? .publicHalf : .both) { builder in
            let isPushed =
                OSSL_PARAM_BLD_push_utf8_string(builder, ParameterName.group.address, name.baseAddress, 0) == 1
                && OSSL_PARAM_BLD_push_octet_string(
                    builder,
                    ParameterName.publicKey.address,
                    point.baseAddress,
                    point.count
                ) == 1
            guard isPushed, let privateKey else { return isPushed }
            return OSSL_PARAM_BLD_push_BN(builder, ParameterName.privateKey.address, privateKey.pointer) == 1
        }
    }
}
