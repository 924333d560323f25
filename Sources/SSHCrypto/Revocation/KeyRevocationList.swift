import SSHWire

/// A key revocation list in OpenSSH's binary format (PROTOCOL.krl), parsed and bounded.
public struct KeyRevocationList: Sendable {
    /// What a file of this kind begins with.
    public static let magic = Array("SSHKRL\n".utf8) + [0]

    /// Blobs of plain keys.
    private(set) var keys: Set<[UInt8]> = []
    /// SHA-1 digests of such blobs.
    private(set) var sha1: Set<[UInt8]> = []
    /// SHA-256 digests of such blobs.
    private(set) var sha256: Set<[UInt8]> = []
    /// By the blob of the authority; the empty one stands for every authority.
    private(set) var certificates: [[UInt8]: RevokedCertificates] = [:]

    /// - Throws: `invalidKey` if the list is malformed or demands something that this program does not know.
    public init(_ bytes: [UInt8]) throws {
        guard bytes.starts(with: Self.magic) else {
            throw SSHError(.invalidKey, "a key revocation list does not begin as one")
        }
        self = try SSHError.rethrowing(as: .invalidKey) { try KeyRevocationList(after: bytes.dropFirst(8)) }
    }

    private init(after magic: ArraySlice<UInt8>) throws {
        self.init()
        var reader = WireReader(bytes: Array(magic))
        guard try reader.readUInt32() == 1 else {
            throw SSHError(.invalidKey, "a key revocation list is of an unknown version")
        }
        // Its number and date, its flags, a reserved field and a comment.
        for _ in 0..<3 { _ = try reader.readUInt64() }
        for _ in 0..<2 { _ = try reader.readString() }
        while reader.remaining > 0 {
            let type = try reader.readByte()
            try self.readSection(type, WireReader(try reader.readString()), &reader)
        }
    }

    private init() {}

    private mutating func readSection(_ type: UInt8, _ section: WireReader, _ rest: inout WireReader) throws {
        var section = section
        switch type {
        case 1:
            let authority = try section.readBytesString()
            _ = try section.readString()
            try self.certificates[authority, default: RevokedCertificates()].read(from: &section)
        case 2:
            while section.remaining > 0 { self.keys.insert(try section.readBytesString()) }
        case 3:
            while section.remaining > 0 { self.sha1.insert(try Self.readDigest(&section, SHA1Digest.length)) }
        case 4:
            // Signatures stand at the end and are for whoever distributes the list.
            _ = try rest.readString()
        case 5:
            while section.remaining > 0 { self.sha256.insert(try Self.readDigest(&section, SHA256Digest.length)) }
        case 255:
            try Self.readExtension(&section)
        default:
            throw SSHError(.invalidKey, "a key revocation list has a section of the unknown type \(type)")
        }
    }

    private static func readDigest(_ section: inout WireReader, _ length: Int) throws -> [UInt8] {
        let digest = try section.readBytesString()
        guard digest.count == length else {
            throw SSHError(.invalidKey, "a key revocation list has a fingerprint of \(digest.count) bytes")
        }
        return digest
    }

    /// None is known, so none that is critical can be honoured.
    static func readExtension(_ section: inout WireReader) throws {
        _ = try section.readText(limit: 256)
        guard try !section.readBoolean() else {
            throw SSHError(.invalidKey, "a key revocation list has a critical extension that is not supported")
        }
        _ = try section.readString()
    }

    /// - Parameter blob: of a plain key.
    public func revokes(key blob: [UInt8]) -> Bool {
        self.keys.contains(blob)
            || !self.sha1.isEmpty && self.sha1.contains(SHA1Digest.hash(blob))
            || !self.sha256.isEmpty && self.sha256.contains(SHA256Digest.hash(blob))
    }

    /// Whether the certificate, its key or its authority is revoked.
    public func revokes(_ certificate: Certificate) -> Bool {
        let authority = certificate.certificateAuthority.blob
        return self.revokes(key: certificate.key.blob) || self.revokes(key: authority)
            || [authority, []].contains { self.certificates[$0]?.contain(certificate) ?? false }
    }
}

/// The certificates of one authority that are revoked.
struct RevokedCertificates: Sendable {
    private var serials: Set<UInt64> = []
    private var ranges: [ClosedRange<UInt64>] = []
    private var bitmaps: [(offset: UInt64, bits: [UInt8])] = []
    private var keyIdentifiers: Set<[UInt8]> = []

    mutating func read(from section: inout WireReader) throws {
        while section.remaining > 0 {
            let type = try section.readByte()
            var entries = WireReader(try section.readString())
            switch type {
            case 0x20:
                while entries.remaining > 0 { self.serials.insert(try entries.readUInt64()) }
            case 0x21:
                let (first, last) = (try entries.readUInt64(), try entries.readUInt64())
                guard first <= last else { throw SSHError(.invalidKey, "a key revocation list has an empty range") }
                self.ranges.append(first...last)
                try entries.expectEnd()
            case 0x22:
                let offset = try entries.readUInt64()
                // The bits of a number, the last byte first.
                self.bitmaps.append((offset, try entries.readBytesString().reversed()))
                try entries.expectEnd()
            case 0x23:
                while entries.remaining > 0 { self.keyIdentifiers.insert(try entries.readBytesString()) }
            case 0x39:
                try KeyRevocationList.readExtension(&entries)
            default:
                throw SSHError(.invalidKey, "a key revocation list has certificates by the unknown type \(type)")
            }
        }
    }

    func contain(_ certificate: Certificate) -> Bool {
        if self.keyIdentifiers.contains(Array(certificate.keyIdentifier.utf8)) { return true }
        // A serial of 0 says that the authority numbers nothing.
        let serial = certificate.serial
        guard serial != 0 else { return false }
        return self.serials.contains(serial) || self.ranges.contains { $0.contains(serial) }
            || self.bitmaps.contains { Self.contains(serial, $0.offset, $0.bits) }
    }

    private static func contains(_ serial: UInt64, _ offset: UInt64, _ bits: [UInt8]) -> Bool {
        guard serial >= offset, let index = Int(exactly: serial - offset), index / 8 < bits.count else { return false }
        return bits[index / 8] >> UInt8(index % 8) & 1 == 1
    }
}
