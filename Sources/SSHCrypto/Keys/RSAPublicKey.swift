import COpenSSL
import SSHWire

/// An RSA key (RFC 4253 §6.6) of a size and with an exponent that this program is willing to compute with.
struct RSAPublicKey: Sendable {
    /// Below 2,048, `RequiredRSASize` decides; OpenSSH has the same lower bound. A longer key costs whoever verifies with
    /// it more than anybody gains.
    static let permittedBits = 1024...8192

    let exponent: [UInt8]
    let modulus: [UInt8]

    /// - Throws: `invalidKey` if the modulus is too small or too large, or the exponent is not a sane one.
    init(from reader: inout WireReader) throws {
        let exponent = try reader.readUnsignedMPInt(limit: 4)
        let modulus = try reader.readUnsignedMPInt(limit: Self.permittedBits.upperBound / 8)
        try self.init(exponent: exponent, modulus: modulus)
    }

    /// Both big-endian, without leading zeros.
    init(exponent: [UInt8], modulus: [UInt8]) throws {
        self.exponent = exponent
        self.modulus = modulus
        guard exponent.count <= 4 else { throw SSHError(.invalidKey, "an RSA key has a very large exponent") }
        let exponent = self.exponent.reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        // An even exponent has no inverse, 1 signs everything with itself, and a large one costs the verifier time.
        guard exponent >= 3, exponent & 1 == 1 else {
            throw SSHError(.invalidKey, "an RSA key has an exponent of \(exponent)")
        }
        let bits = self.modulus.count * 8 - (self.modulus.first?.leadingZeroBitCount ?? 0)
        guard Self.permittedBits.contains(bits) else {
            throw SSHError(.invalidKey, "an RSA key has \(bits) bits; 1024 to 8192 are allowed")
        }
        guard let last = self.modulus.last, last & 1 == 1 else {
            throw SSHError(.invalidKey, "an RSA key has an even modulus")
        }
    }

    func write(to writer: inout WireWriter) {
        writer.writeUnsignedMPInt(self.exponent)
        writer.writeUnsignedMPInt(self.modulus)
    }

    /// - Throws: `protocolViolation` if the signature is longer than the modulus.
    func isValid(signature: [UInt8], over data: [UInt8], algorithm: String) throws -> Bool {
        guard signature.count <= self.modulus.count else {
            throw SSHError.protocolViolation("an RSA signature is longer than its key")
        }
        // Some implementations drop leading zeros; libcrypto wants the full length.
        let padded = [UInt8](repeating: 0, count: self.modulus.count - signature.count) + signature
        return try LibCryptoKey(self).isValid(signature: padded, over: data, digest: Self.digestName(of: algorithm))
    }

    static func digestName(of algorithm: String) -> String {
        algorithm == "rsa-sha2-512" ? "SHA512" : "SHA256"
    }
}
