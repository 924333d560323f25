import COpenSSL
import SSHWire

/// An ECDSA key (RFC 5656): a point that is known to lie on its curve.
struct ECDSAPublicKey: Sendable {
    let curve: EllipticCurve
    let point: [UInt8]

    /// - Parameter point: an uncompressed point of the curve.
    init(curve: EllipticCurve, point: [UInt8]) {
        self.curve = curve
        self.point = point
    }

    /// Reads the name of the curve and the point.
    ///
    /// - Throws: `invalidKey` if the curve is another than the key's type says, or the point is not on it.
    init(curve: EllipticCurve, from reader: inout WireReader) throws {
        guard try reader.readText(limit: 16) == curve.rawValue else {
            throw SSHError(.invalidKey, "an ECDSA key names another curve than its type")
        }
        self.curve = curve
        self.point = try reader.readBytesString()
        guard curve.contains(self.point) else {
            throw SSHError(.invalidKey, "an ECDSA key is not a point of \(curve.rawValue)")
        }
    }

    func write(to writer: inout WireWriter) {
        writer.writeText(self.curve.rawValue)
        writer.writeString(self.point)
    }

    /// - Parameter signature: mpint r, mpint s (RFC 5656 §3.1.2).
    /// - Throws: `protocolViolation` if the signature is malformed.
    func isValid(signature: [UInt8], over data: [UInt8]) throws -> Bool {
        var reader = WireReader(bytes: signature)
        let r = try reader.readUnsignedMPInt(limit: self.curve.coordinateLength)
        let s = try reader.readUnsignedMPInt(limit: self.curve.coordinateLength)
        try reader.expectEnd()
        let key = try LibCryptoKey(self)
        return try key.isValid(signature: Self.derEncode(r: r, s: s), over: data, digest: self.curve.digestName)
    }

    /// The form in which libcrypto takes a signature: SEQUENCE { INTEGER r, INTEGER s }.
    private static func derEncode(r: [UInt8], s: [UInt8]) -> [UInt8] {
        let integers = Self.derInteger(r) + Self.derInteger(s)
        return [0x30] + Self.derLength(integers.count) + integers
    }

    private static func derInteger(_ bytes: [UInt8]) -> [UInt8] {
        let needsZero = (bytes.first ?? 0x80) & 0x80 != 0
        let content = (needsZero ? [0] : []) + bytes
        return [0x02] + Self.derLength(content.count) + content
    }

    /// Two numbers of at most 67 bytes each make one byte of length, or two.
    private static func derLength(_ length: Int) -> [UInt8] {
        let byte = UInt8(clamping: length)
        return byte < 0x80 ? [byte] : [0x81, byte]
    }
}
