import NIOCore
import SSHWire

extension KeyRevocationList {
    /// - Throws: `invalidKey` if the list is malformed or demands something that this program does not know: who relies on it
    ///   must then refuse everybody.
    public init(_ bytes: [UInt8]) throws {
        guard bytes.starts(with: Self.magic) else {
            throw Self.malformed("does not begin as one")
        }
        self = try SSHError.rethrowing(as: .invalidKey) { try KeyRevocationList(reading: bytes) }
    }

    private init(reading bytes: [UInt8]) throws {
        self.init()
        var reader = WireReader(bytes: bytes)
        _ = try reader.readBytes(Self.magic.count)
        guard try reader.readUInt32() == 1 else { throw Self.malformed("is of an unknown version") }
        // Its number, its date, its flags, a reserved field and a comment.
        for _ in 0..<3 { _ = try reader.readUInt64() }
        _ = try reader.readString()
        _ = try Self.readCString(&reader)
        while reader.remaining > 0 {
            let type = try reader.readByte()
            var section = WireReader(try reader.readString())
            if type == 4 {
                // A signature covers everything in front of it.
                let signed = bytes.prefix(bytes.count - reader.remaining)
                try self.readSignature(by: section, try reader.readBytesString(), over: Array(signed))
            } else {
                guard self.signers.isEmpty else { throw Self.malformed("goes on behind its signature") }
                try self.readSection(type, &section)
                try section.expectEnd()
            }
        }
        // The keys alone: a dictionary that is gone through is copied, with the lists in it, when one of them changes.
        for authority in Array(self.certificates.keys) { self.certificates[authority]?.finish() }
        guard self.signers.isEmpty || self.signers.contains(where: { !self.revokes(key: $0.blob) }) else {
            throw Self.malformed("was signed by keys that it revokes")
        }
    }

    private mutating func readSection(_ type: UInt8, _ section: inout WireReader) throws {
        switch type {
        case 1:
            let authority = try section.readBytesString()
            // An authority that nobody can have would take its certificates with it.
            if !authority.isEmpty, try ListedKey(blob: authority).isTooShort {
                throw Self.malformed("has an authority with a key that is too short")
            }
            _ = try section.readString()
            try self.certificates[authority, default: RevokedCertificates()].read(from: &section)
        case 2:
            while section.remaining > 0 { self.keys.insert(try section.readBytesString()) }
        case 3:
            while section.remaining > 0 { self.sha1.insert(try Self.readDigest(&section, SHA1Digest.length)) }
        case 5:
            while section.remaining > 0 { self.sha256.insert(try Self.readDigest(&section, SHA256Digest.length)) }
        case 255:
            try Self.readExtension(&section)
        default:
            throw Self.malformed("has a section of the unknown type \(type)")
        }
    }

    private mutating func readSignature(by key: WireReader, _ signature: [UInt8], over signed: [UInt8]) throws {
        var (key, reader) = (key, WireReader(bytes: signature))
        let signer = try PublicKey(blob: Array(key.readRemaining().readableBytesView))
        guard !self.signers.contains(signer) else { throw Self.malformed("was signed twice by one key") }
        try signer.verify(signature: signature, over: signed, algorithm: try reader.readText(limit: 64))
        self.signers.append(signer)
    }

    private static func readDigest(_ section: inout WireReader, _ length: Int) throws -> [UInt8] {
        let digest = try section.readBytesString()
        guard digest.count == length else { throw Self.malformed("has a fingerprint of \(digest.count) bytes") }
        return digest
    }

    /// None is known, so none that is critical can be honoured.
    static func readExtension(_ section: inout WireReader) throws {
        _ = try Self.readCString(&section)
        guard try !section.readBoolean() else {
            throw Self.malformed("has a critical extension that is not supported")
        }
        _ = try section.readString()
    }

    /// A text as a C program reads it: one NUL at the end does not count, one before that makes it malformed.
    static func readCString(_ reader: inout WireReader) throws -> [UInt8] {
        var bytes = try reader.readBytesString()
        if bytes.last == 0 { bytes.removeLast() }
        guard !bytes.contains(0) else { throw Self.malformed("has a NUL in a text") }
        return bytes
    }

    static func malformed(_ reason: String) -> SSHError {
        SSHError(.invalidKey, "a key revocation list \(reason)")
    }
}
