import SSHWire

/// What a verified signature says beyond being right.
public struct SignatureDetails: Hashable, Sendable {
    /// For keys in a FIDO authenticator; nil for all others.
    public let securityKey: SecurityKeyDetails?
}

/// What an authenticator signed along with the data (OpenSSH's PROTOCOL.u2f).
public struct SecurityKeyDetails: Hashable, Sendable {
    public let flags: UInt8
    /// The authenticator's signature counter.
    public let counter: UInt32

    /// Somebody touched the authenticator.
    public var userPresent: Bool { self.flags & 0x01 != 0 }
    /// Somebody entered its PIN, or the like.
    public var userVerified: Bool { self.flags & 0x04 != 0 }
}

extension PublicKey {
    /// Checks a signature by this key.
    ///
    /// - Parameters:
    ///   - signature: the whole blob, which names its algorithm.
    ///   - algorithm: the name that the peer declared elsewhere in its message; for a certificate, that of its key
    ///     (`Certificate.signatureAlgorithm(for:)`).
    /// - Throws: `protocolViolation` if the blob is malformed or names another algorithm, `invalidKey` if the key does
    ///   not sign with that algorithm or the signature is wrong.
    @discardableResult
    public func verify(signature: [UInt8], over data: [UInt8], algorithm: String) throws -> SignatureDetails {
        var reader = WireReader(bytes: signature)
        guard try reader.readText(limit: 64) == algorithm else {
            throw SSHError.protocolViolation("a signature is of another algorithm than was declared")
        }
        guard self.signatureAlgorithms.contains(algorithm) else {
            throw SSHError(.invalidKey, "a key of type \(self.type) does not sign with the algorithm that was declared")
        }
        let content = try reader.readBytesString()
        let isValid: Bool
        var securityKey: SecurityKeyDetails?
        switch self.material {
        case .ed25519(let key):
            isValid = Ed25519.isValid(signature: content, over: data, publicKey: key)
        case .rsa(let key):
            isValid = try key.isValid(signature: content, over: data, algorithm: algorithm)
        case .ecdsa(let key):
            isValid = try key.isValid(signature: content, over: data)
        case .securityKeyEd25519(let key, let application):
            let details = try SecurityKeyDetails(from: &reader)
            let message = details.message(application: application, data: data)
            isValid = Ed25519.isValid(signature: content, over: message, publicKey: key)
            securityKey = details
        case .securityKeyECDSA(let key, let application):
            let details = try SecurityKeyDetails(from: &reader)
            isValid = try key.isValid(signature: content, over: details.message(application: application, data: data))
            securityKey = details
        }
        try reader.expectEnd()
        guard isValid else { throw SSHError(.invalidKey, "a signature by a key of type \(self.type) is wrong") }
        return SignatureDetails(securityKey: securityKey)
    }
}

extension SecurityKeyDetails {
    fileprivate init(from reader: inout WireReader) throws {
        self.flags = try reader.readByte()
        self.counter = try reader.readUInt32()
    }

    /// What the authenticator signs in place of the data.
    fileprivate func message(application: [UInt8], data: [UInt8]) -> [UInt8] {
        var writer = WireWriter()
        writer.writeBytes(SHA256Digest.hash(application))
        writer.writeByte(self.flags)
        writer.writeUInt32(self.counter)
        writer.writeBytes(SHA256Digest.hash(data))
        return writer.bytes
    }
}
