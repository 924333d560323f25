import SSHWire

/// A public key of any type that a user or a host may have, parsed and checked. Certificates are another type.
public struct PublicKey: Sendable {
    static let blobLimit = 8192

    /// The key as it stands on the wire (RFC 4253 §6.6).
    public let blob: [UInt8]
    let keyType: KeyType
    let material: PublicKeyMaterial

    /// - Throws: `invalidKey` if the blob is malformed, of a type that this program does not know (DSA and certificates
    ///   are such), or its key is too weak, too large or not one at all.
    public init(blob: [UInt8]) throws {
        guard blob.count <= Self.blobLimit else { throw SSHError(.invalidKey, "a public key is too long") }
        self = try SSHError.rethrowing(as: .invalidKey) {
            var reader = WireReader(bytes: blob)
            let type = try KeyType(readFrom: &reader)
            let material = try PublicKeyMaterial(type, from: &reader)
            try reader.expectEnd()
            return PublicKey(blob: blob, keyType: type, material: material)
        }
    }

    /// - Parameter openSSHLine: "type base64 comment", as in a .pub file.
    /// - Throws: `invalidKey` if it is no such line, or the type is not the key's.
    public init(openSSHLine: String) throws {
        let line = try OpenSSHLine(openSSHLine, limit: Self.blobLimit)
        let key = try PublicKey(blob: line.blob)
        guard key.type == line.type else {
            throw SSHError(.invalidKey, "a public key is of another type than its line says")
        }
        self = key
    }

    init(_ type: KeyType, _ material: PublicKeyMaterial) {
        var writer = WireWriter()
        writer.writeText(type.rawValue)
        material.write(to: &writer)
        self.init(blob: writer.bytes, keyType: type, material: material)
    }

    private init(blob: [UInt8], keyType: KeyType, material: PublicKeyMaterial) {
        self.blob = blob
        self.keyType = keyType
        self.material = material
    }

    /// The name of the key's type, such as "ssh-ed25519".
    public var type: String { self.keyType.rawValue }

    /// The type as OpenSSH's log lines call it, such as "ED25519".
    public var displayName: String { self.keyType.displayName }

    /// "SHA256:" and the hash of the blob, as ssh-keygen -l shows it.
    public var fingerprint: String {
        "SHA256:" + Base64.encode(SHA256Digest.hash(self.blob), padded: false)
    }

    /// How many bits an RSA key has; nil for all others.
    public var rsaBits: Int? {
        guard case .rsa(let key) = self.material else { return nil }
        return key.modulus.count * 8 - (key.modulus.first?.leadingZeroBitCount ?? 0)
    }

    /// The names of what such a key signs with, best first; never SHA-1.
    public var signatureAlgorithms: [String] { self.keyType.signatureAlgorithms }

    /// "type base64", as in a .pub file.
    public var openSSHText: String { self.type + " " + Base64.encode(self.blob) }
}

extension PublicKey: Hashable {
    public static func == (left: PublicKey, right: PublicKey) -> Bool { left.blob == right.blob }
    public func hash(into hasher: inout Hasher) { hasher.combine(self.blob) }
}

extension KeyType {
    init(readFrom reader: inout WireReader) throws {
        let name = try reader.readText(limit: 64)
        guard let type = KeyType(rawValue: name) else {
            // The name may hold anything, so it is not repeated.
            throw SSHError(.invalidKey, "a public key is of a type that is not supported")
        }
        self = type
    }
}

extension SSHError {
    /// A key that breaks off in the middle of a field is an invalid key, not a broken protocol.
    static func rethrowing<Result>(as code: SSHError.Code, _ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch let error as SSHError {
            throw SSHError(code, error.reason, file: error.file, line: error.line)
        }
    }
}
