import COpenSSL
import SSHWire

/// One side of elliptic-curve Diffie-Hellman (RFC 5656 §4).
struct ECDHKey {
    /// Q_C or Q_S, an uncompressed point.
    let publicKey: [UInt8]
    private let curve: EllipticCurve
    private let scalar: BigNumber

    /// A key for one key exchange.
    init(_ curve: EllipticCurve, random: any RandomSource) throws {
        let group = try LibCrypto.check(curve.group, "make a curve")
        let order = try LibCrypto.check(EC_GROUP_get0_order(group), "find a curve's order")
        self.curve = curve
        self.scalar = try BigNumber.secret(below: order, random: random)
        let point = try EllipticCurvePoint(group)
        // A single scalar is multiplied in a time that does not depend on it.
        let result = EC_POINT_mul(group, point.pointer, self.scalar.pointer, nil, nil, nil)
        try LibCrypto.check(result, "multiply a curve's generator")
        self.publicKey = try point.encoded(group, curve)
    }

    /// K: the x coordinate of the product.
    ///
    /// - Throws: `keyExchangeFailed` if the peer's value is not an uncompressed point of the curve. All three curves have a prime
    ///   order, so no point but infinity, which has no such form, has a small one.
    func sharedSecret(peer: [UInt8]) throws -> SecretBytes {
        let group = try LibCrypto.check(self.curve.group, "make a curve")
        guard let peer = self.curve.point(peer) else {
            throw SSHError(.keyExchangeFailed, "an ECDH public value is not a point of \(self.curve.rawValue)")
        }
        let product = try EllipticCurvePoint(group)
        let result = EC_POINT_mul(group, product.pointer, nil, peer.pointer, self.scalar.pointer, nil)
        try LibCrypto.check(result, "multiply a curve's point")
        let x = try BigNumber()
        guard EC_POINT_get_affine_coordinates(group, product.pointer, x.pointer, nil, nil) == 1 else {
            ERR_clear_error()
            throw SSHError(.keyExchangeFailed, "an ECDH public value gives no secret")
        }
        return try x.secretBytes(count: self.curve.coordinateLength)
    }
}

/// One of libcrypto's points. It is zeroed when the last reference goes.
final class EllipticCurvePoint {
    let pointer: OpaquePointer

    init(_ group: OpaquePointer) throws {
        self.pointer = try LibCrypto.check(EC_POINT_new(group), "make a point")
    }

    deinit {
        EC_POINT_clear_free(self.pointer)
    }

    /// The uncompressed form.
    func encoded(_ group: OpaquePointer, _ curve: EllipticCurve) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: curve.pointLength)
        let form = POINT_CONVERSION_UNCOMPRESSED
        guard EC_POINT_point2oct(group, self.pointer, form, &bytes, bytes.count, nil) == bytes.count else {
            throw LibCrypto.failure("write a point")
        }
        return bytes
    }
}
