import COpenSSL
import SSHWire

/// An ECDSA key pair in memory.
public final class ECDSAPrivateKey: SigningKey {
    public static let defaultBits = 256

    public let publicKey: PublicKey
    private let curve: EllipticCurve
    private let point: [UInt8]
    private let scalar: SecretBytes
    private let key: LibCryptoKey

    /// - Parameter scalar: the private key, big-endian.
    /// - Throws: `invalidKey` if the scalar is no private key of the curve.
    init(_ curve: EllipticCurve, scalar: SecretBytes) throws {
        let group = try LibCrypto.check(curve.group, "make a curve")
        let order = try LibCrypto.check(EC_GROUP_get0_order(group), "find a curve's order")
        let number = try BigNumber.secret(scalar)
        guard BN_num_bits(number.pointer) > 0, BN_cmp(number.pointer, order) < 0 else {
            throw SSHError(.invalidKey, "a private key is not one of \(curve.rawValue)")
        }
        let point = try EllipticCurvePoint(group)
        // A single scalar is multiplied in a time that does not depend on it.
        let result = EC_POINT_mul(group, point.pointer, number.pointer, nil, nil, nil)
        try LibCrypto.check(result, "multiply a curve's generator")
        self.curve = curve
        self.point = try point.encoded(group, curve)
        self.scalar = try number.secretBytes(count: curve.coordinateLength)
        let publicKey = ECDSAPublicKey(curve: curve, point: self.point)
        self.publicKey = PublicKey(curve.keyType, .ecdsa(publicKey))
        self.key = try LibCryptoKey(publicKey, privateKey: number)
    }

    /// - Throws: `invalidKey` if the point does not belong to the scalar.
    convenience init(_ curve: EllipticCurve, scalar: SecretBytes, point: [UInt8]) throws {
        try self.init(curve, scalar: scalar)
        guard self.point == point else {
            throw SSHError(.invalidKey, "an ECDSA key's two halves do not belong together")
        }
    }

    static func generate(_ curve: EllipticCurve) throws -> ECDSAPrivateKey {
        try ECDSAPrivateKey(LibCryptoKey.generate("EC") { EVP_PKEY_CTX_set_group_name($0, curve.groupName) })
    }

    convenience init(_ key: LibCryptoKey) throws {
        var name = [CChar](repeating: 0, count: 64)
        var length = 0
        guard EVP_PKEY_get_group_name(key.pointer, &name, name.count, &length) == 1 else {
            ERR_clear_error()
            throw SSHError(.invalidKey, "an ECDSA key names no curve")
        }
        let text = String(decoding: name.prefix(length).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        guard let curve = EllipticCurve.allCases.first(where: { $0.groupName == text }) else {
            throw SSHError(.invalidKey, "an ECDSA key is of another curve than nistp256, nistp384 and nistp521")
        }
        let count = curve.coordinateLength
        let point =
            try key.number(OSSL_PKEY_PARAM_EC_PUB_X).bytes(count: count)
            + key.number(OSSL_PKEY_PARAM_EC_PUB_Y).bytes(count: count)
        let scalar = try key.number(OSSL_PKEY_PARAM_PRIV_KEY).secretBytes(count: count)
        try self.init(curve, scalar: scalar, point: [4] + point)
    }

    public func sign(_ data: [UInt8], algorithm: String) throws -> [UInt8] {
        guard self.publicKey.signatureAlgorithms.contains(algorithm) else {
            throw SSHError(.misuse, "an ECDSA key does not sign with \(algorithm)")
        }
        let signature = try ECDSASignature(der: try self.key.sign(data, digest: self.curve.digestName), self.curve)
        var numbers = WireWriter()
        numbers.writeUnsignedMPInt(signature.r)
        numbers.writeUnsignedMPInt(signature.s)
        var writer = WireWriter()
        writer.writeText(algorithm)
        writer.writeString(numbers.buffer)
        return writer.bytes
    }

    /// The fields of an OpenSSH key file behind the key's type (OpenSSH's PROTOCOL.key).
    func writeSecrets(to writer: inout WireWriter) {
        writer.writeText(self.curve.rawValue)
        writer.writeString(self.point)
        self.scalar.withBytes { writer.writeUnsignedMPInt($0) }
    }
}

/// The two numbers of a signature, big-endian.
struct ECDSASignature {
    let r: [UInt8]
    let s: [UInt8]

    /// - Parameter der: libcrypto's own.
    init(der: [UInt8], _ curve: EllipticCurve) throws {
        let (r, s) = try der.withUnsafeBufferPointer { der in
            var start = der.baseAddress
            let signature = try LibCrypto.check(d2i_ECDSA_SIG(nil, &start, der.count), "read a signature")
            defer { ECDSA_SIG_free(signature) }
            func bytes(_ number: OpaquePointer?) throws -> [UInt8] {
                var bytes = [UInt8](repeating: 0, count: curve.coordinateLength)
                guard let number, BN_bn2binpad(number, &bytes, Int32(clamping: bytes.count)) == bytes.count else {
                    throw LibCrypto.failure("write a number")
                }
                return bytes
            }
            return (try bytes(ECDSA_SIG_get0_r(signature)), try bytes(ECDSA_SIG_get0_s(signature)))
        }
        self.r = r
        self.s = s
    }
}
