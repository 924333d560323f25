import NIOCore
import SSHWire

extension OpenSSHPrivateKeyFile {
    static func parse(_ file: ByteBuffer) throws -> (key: Ed25519PrivateKey, comment: String) {
        var reader = WireReader(file)
        guard try reader.readBytes(Self.magic.count).readableBytesView.elementsEqual(Self.magic) else {
            throw SSHError(.invalidKey, "the file is not an OpenSSH private key")
        }
        let cipher = try reader.readText(limit: 64)
        let keyDerivation = try reader.readText(limit: 64)
        _ = try reader.readString()
        guard cipher == "none", keyDerivation == "none" else {
            throw SSHError(
                .invalidKey,
                "the private key file is encrypted with a passphrase, which is not supported yet"
            )
        }
        guard try reader.readUInt32() == 1 else {
            throw SSHError(.invalidKey, "the private key file holds more or fewer than one key")
        }
        let publicKey = try Self.readPublicKey(try reader.readBytesString())
        let privatePart = try reader.readString()
        try reader.expectEnd()
        guard privatePart.readableBytes % Self.blockLength == 0 else {
            throw SSHError(.invalidKey, "the private key file's secret part is not a whole number of blocks")
        }
        var privateReader = WireReader(privatePart)
        let key = try Self.readPrivateKey(from: &privateReader)
        guard key.publicKey == publicKey else {
            throw SSHError(.invalidKey, "the private key file's two halves do not belong together")
        }
        let comment = try privateReader.readText()
        try Self.checkPadding(privateReader)
        return (key, comment)
    }

    private static func readPublicKey(_ blob: [UInt8]) throws -> PublicKey {
        let publicKey = try PublicKey(blob: blob)
        guard publicKey.keyType == .ed25519 else {
            throw SSHError(
                .invalidKey,
                "the private key is of type \(publicKey.type); only ssh-ed25519 keys are supported yet"
            )
        }
        return publicKey
    }

    private static func readPrivateKey(from reader: inout WireReader) throws -> Ed25519PrivateKey {
        // In an encrypted file these two tell a wrong passphrase.
        guard try reader.readUInt32() == reader.readUInt32() else {
            throw SSHError(.invalidKey, "the private key file is damaged")
        }
        guard try reader.readText(limit: 64) == KeyType.ed25519.rawValue else {
            throw SSHError(.invalidKey, "the private key file's two halves do not belong together")
        }
        let publicHalf = try reader.readBytesString()
        let secret = try reader.readString()
        guard secret.readableBytes == Ed25519.seedLength + Ed25519.publicKeyLength else {
            throw SSHError(.invalidKey, "the private key file's secret has the wrong length")
        }
        let pair = secret.withUnsafeReadableBytes { SecretBytes(copying: $0) }
        let seed = pair.withBytes { SecretBytes(copying: UnsafeRawBufferPointer(rebasing: $0[..<Ed25519.seedLength])) }
        let key = try Ed25519PrivateKey(seed: seed)
        guard key.privateKey == pair, key.publicKeyBytes == publicHalf else {
            throw SSHError(.invalidKey, "the private key file's two halves do not belong together")
        }
        return key
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
