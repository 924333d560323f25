import SSHWire

/// A key that stands in a list of keys: of revoked ones, or of trusted authorities. Any that sshd takes there is one, also
/// if nobody can log in with it here.
struct ListedKey: Sendable, Hashable {
    /// A plain key as it stands on the wire; of a certificate, the key that it certifies.
    let blob: [UInt8]
    let isCertificate: Bool
    /// RSA with less than 1024 bits: such a line is passed over, as in sshd.
    let isTooShort: Bool

    private static let rsaBits = 1024...16_384
    private static let integerLimit = 2048

    /// - Throws: `invalidKey` if the blob is malformed, is followed by something, or of a type that is not known.
    init(blob: [UInt8]) throws {
        self = try SSHError.rethrowing(as: .invalidKey) { try ListedKey(checking: blob) }
    }

    /// - Parameter line: "type base64 comment".
    /// - Throws: `invalidKey` if it is no such line, or the type is not the key's.
    init(line: ArraySlice<UInt8>) throws {
        let line = try OpenSSHLine(line, limit: Certificate.blobLimit)
        var reader = WireReader(bytes: line.blob)
        guard let type = try? reader.readText(limit: 64), type == line.type else {
            throw SSHError(.invalidKey, "the key is of another type than the line says")
        }
        try self.init(blob: line.blob)
    }

    private init(checking blob: [UInt8]) throws {
        var reader = WireReader(bytes: blob)
        let type = try reader.readText(limit: 64)
        var isTooShort = false
        if Certificate.isCertificateType(type) {
            let certificate = try Certificate(blob: blob)
            try certificate.verifySignature()
            (self.blob, self.isCertificate, self.isTooShort) = (certificate.key.blob, true, false)
            return
        } else if type == KeyType.rsa.rawValue {
            isTooShort = try Self.readRSA(&reader) < Self.rsaBits.lowerBound
        } else if type == "ssh-dss" {
            for _ in 0..<4 { _ = try reader.readUnsignedMPInt(limit: Self.integerLimit) }
            try reader.expectEnd()
        } else {
            _ = try PublicKey(blob: blob)
        }
        (self.blob, self.isCertificate, self.isTooShort) = (blob, false, isTooShort)
    }

    /// - Returns: how many bits the modulus has.
    private static func readRSA(_ reader: inout WireReader) throws -> Int {
        _ = try reader.readUnsignedMPInt(limit: Self.integerLimit)
        let modulus = try reader.readUnsignedMPInt(limit: Self.integerLimit)
        try reader.expectEnd()
        let bits = modulus.count * 8 - (modulus.first?.leadingZeroBitCount ?? 0)
        guard bits <= Self.rsaBits.upperBound else { throw SSHError(.invalidKey, "an RSA key has \(bits) bits") }
        return bits
    }
}
