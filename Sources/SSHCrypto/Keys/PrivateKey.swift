import SSHWire

/// A key pair in memory, of any type that stands in key files.
public enum PrivateKey: SigningKey {
    case ed25519(Ed25519PrivateKey)
    case ecdsa(ECDSAPrivateKey)
    case rsa(RSAPrivateKey)

    /// What a new key is to be.
    public enum Kind: Hashable, Sendable {
        case ed25519
        /// On the NIST curve of that many bits: 256, 384 or 521.
        case ecdsa(bits: Int)
        /// 2048 to 8192 bits.
        case rsa(bits: Int)
    }

    /// A new key.
    ///
    /// - Parameter random: where an ed25519 key comes from; libcrypto draws the others from its own source.
    /// - Throws: `misuse` if there are no such keys of that many bits.
    public static func generate(_ kind: Kind, random: any RandomSource) throws -> PrivateKey {
        switch kind {
        case .ed25519:
            return .ed25519(try Ed25519PrivateKey.generate(random: random))
        case .ecdsa(let bits):
            guard let curve = EllipticCurve.allCases.first(where: { $0.bits == bits }) else {
                throw SSHError(.misuse, "an ECDSA key has 256, 384 or 521 bits")
            }
            return .ecdsa(try ECDSAPrivateKey.generate(curve))
        case .rsa(let bits):
            let permitted = RSAPrivateKey.generatedBits
            guard permitted.contains(bits) else {
                let range = "\(permitted.lowerBound) to \(permitted.upperBound)"
                throw SSHError(.misuse, "an RSA key has \(range) bits")
            }
            return .rsa(try RSAPrivateKey.generate(bits: bits))
        }
    }

    public var publicKey: PublicKey {
        switch self {
        case .ed25519(let key): key.publicKey
        case .ecdsa(let key): key.publicKey
        case .rsa(let key): key.publicKey
        }
    }

    public func sign(_ data: [UInt8], algorithm: String) throws -> [UInt8] {
        switch self {
        case .ed25519(let key): try key.sign(data, algorithm: algorithm)
        case .ecdsa(let key): try key.sign(data, algorithm: algorithm)
        case .rsa(let key): try key.sign(data, algorithm: algorithm)
        }
    }
}
