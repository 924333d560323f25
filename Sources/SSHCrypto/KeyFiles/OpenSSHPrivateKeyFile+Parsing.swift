import NIOCore
import SSHWire

extension OpenSSHPrivateKeyFile {
    static func parse(_ file: ByteBuffer) throws -> (key: PrivateKey, comment: String) {
        var reader = WireReader(file)
        guard try !Self.readProtection(from: &reader) else { throw PEMPrivateKeyFile.encrypted() }
        let publicKey = try Self.readPublicKey(from: &reader)
        let privatePart = try reader.readString()
        try reader.expectEnd()
        guard privatePart.readableBytes % Self.blockLength == 0 else {
            throw SSHError(.invalidKey, "the private key file's secret part is not a whole number of blocks")
        }
        var privateReader = WireReader(privatePart)
        let key = try Self.readPrivateKey(from: &privateReader)
        guard key.publicKey == publicKey else { throw Self.mismatch() }
        let comment = try privateReader.readText()
        try Self.checkPadding(privateReader)
        return (key, comment)
    }

    /// - Returns: whether the private part is encrypted.
    static func readProtection(from reader: inout WireReader) throws -> Bool {
        guard try reader.readBytes(Self.magic.count).readableBytesView.elementsEqual(Self.magic) else {
            throw SSHError(.invalidKey, "the file is not an OpenSSH private key")
        }
        let cipher = try reader.readText(limit: 64)
        let keyDerivation = try reader.readText(limit: 64)
        _ = try reader.readString()
        return cipher != "none" || keyDerivation != "none"
    }

    /// What stands in the clear before the private part.
    static func readPublicKey(from reader: inout WireReader) throws -> PublicKey {
        guard try reader.readUInt32() == 1 else {
            throw SSHError(.invalidKey, "the private key file holds more or fewer than one key")
        }
        return try PublicKey(blob: try reader.readBytesString())
    }

    private static func readPrivateKey(from reader: inout WireReader) throws -> PrivateKey {
        // In an encrypted file these two tell a wrong passphrase.
        guard try reader.readUInt32() == reader.readUInt32() else {
            throw SSHError(.invalidKey, "the private key file is damaged")
        }
        switch try KeyType(readFrom: &reader) {
        case .ed25519: return .ed25519(try Self.readEd25519Key(from: &reader))
        case .ecdsaP256: return .ecdsa(try Self.readECDSAKey(.nistp256, from: &reader))
        case .ecdsaP384: return .ecdsa(try Self.readECDSAKey(.nistp384, from: &reader))
        case .ecdsaP521: return .ecdsa(try Self.readECDSAKey(.nistp521, from: &reader))
        case .rsa: return .rsa(try Self.readRSAKey(from: &reader))
        case .securityKeyEd25519, .securityKeyECDSA:
            throw SSHError(.invalidKey, "the private key is in a security key, which is not supported")
        }
    }

    private static func readEd25519Key(from reader: inout WireReader) throws -> Ed25519PrivateKey {
        let publicHalf = try reader.readBytesString()
        let secret = try reader.readString()
        guard secret.readableBytes == Ed25519.seedLength + Ed25519.publicKeyLength else {
            throw SSHError(.invalidKey, "the private key file's secret has the wrong length")
        }
        let pair = secret.withUnsafeReadableBytes { SecretBytes(copying: $0) }
        let seed = pair.withBytes { SecretBytes(copying: UnsafeRawBufferPointer(rebasing: $0[..<Ed25519.seedLength])) }
        let key = try Ed25519PrivateKey(seed: seed)
        guard key.privateKey == pair, key.publicKeyBytes == publicHalf else { throw Self.mismatch() }
        return key
    }

    private static func readECDSAKey(_ curve: EllipticCurve, from reader: inout WireReader) throws -> ECDSAPrivateKey {
        guard try reader.readText(limit: 64) == curve.rawValue else { throw Self.mismatch() }
        let point = try reader.readBytesString()
        let scalar = SecretBytes(bytes: try reader.readUnsignedMPInt(limit: curve.coordinateLength))
        return try ECDSAPrivateKey(curve, scalar: scalar, point: point)
    }

    private static func readRSAKey(from reader: inout WireReader) throws -> RSAPrivateKey {
        let limit = RSAPublicKey.permittedBits.upperBound / 8
        return try RSAPrivateKey(
            RSAPrivateKey.Numbers(
                modulus: try reader.readUnsignedMPInt(limit: limit),
                exponent: try reader.readUnsignedMPInt(limit: 4),
                privateExponent: SecretBytes(bytes: try reader.readUnsignedMPInt(limit: limit)),
                coefficient: SecretBytes(bytes: try reader.readUnsignedMPInt(limit: limit)),
                p: SecretBytes(bytes: try reader.readUnsignedMPInt(limit: limit)),
                q: SecretBytes(bytes: try reader.readUnsignedMPInt(limit: limit))
            )
        )
    }

    private static func mismatch() -> SSHError {
        SSHError(.invalidKey, "the private key file's two halves do not belong together")
    }

    private static func checkPadding(_ reader: WireReader) throws {
        guard reader.remaining < Self.blockLength else {
            throw SSHError(.invalidKey, "the private key file's padding is too long")
        }
        for (index, byte) in reader.buffer.readableBytesView.enumerated() where Int(byte) != index + 1 {
            throw SSHError(.invalidKey, "the private key file's padding is wrong")
        }
    }
}
