import COpenSSL

/// The NIST curves of RFC 5656.
enum EllipticCurve: String, CaseIterable, Sendable {
    case nistp256
    case nistp384
    case nistp521

    /// Bytes of a coordinate, and of the order.
    var coordinateLength: Int {
        switch self {
        case .nistp256: 32
        case .nistp384: 48
        case .nistp521: 66
        }
    }

    var bits: Int {
        switch self {
        case .nistp256: 256
        case .nistp384: 384
        case .nistp521: 521
        }
    }

    var keyType: KeyType {
        switch self {
        case .nistp256: .ecdsaP256
        case .nistp384: .ecdsaP384
        case .nistp521: .ecdsaP521
        }
    }

    /// Bytes of an uncompressed point.
    var pointLength: Int { 1 + 2 * self.coordinateLength }

    /// RFC 5656 §6.2.1: the hash goes with the size of the curve.
    var digestName: String {
        switch self {
        case .nistp256: "SHA256"
        case .nistp384: "SHA384"
        case .nistp521: "SHA512"
        }
    }

    /// libcrypto's name of the curve.
    var groupName: String {
        switch self {
        case .nistp256: "prime256v1"
        case .nistp384: "secp384r1"
        case .nistp521: "secp521r1"
        }
    }

    /// Whether `point` is an uncompressed point on the curve. All three curves have a prime order, so that is all there
    /// is to check; compressed points are optional in RFC 5656 and unknown to OpenSSH.
    func contains(_ point: [UInt8]) -> Bool { self.point(point) != nil }

    /// The point in libcrypto's form; nil if `contains` does not hold.
    func point(_ bytes: [UInt8]) -> EllipticCurvePoint? {
        guard bytes.count == self.pointLength, bytes.first == 4, let group = self.group,
            let point = try? EllipticCurvePoint(group)
        else { return nil }
        guard EC_POINT_oct2point(group, point.pointer, bytes, bytes.count, nil) == 1 else {
            ERR_clear_error()
            return nil
        }
        return point
    }

    var group: OpaquePointer? {
        switch self {
        case .nistp256: Self.p256
        case .nistp384: Self.p384
        case .nistp521: Self.p521
        }
    }

    // A group is only read once it is made, which threads may do at the same time.
    nonisolated(unsafe) private static let p256 = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1)
    nonisolated(unsafe) private static let p384 = EC_GROUP_new_by_curve_name(NID_secp384r1)
    nonisolated(unsafe) private static let p521 = EC_GROUP_new_by_curve_name(NID_secp521r1)
}
