import NIOCore
import SSHWire

extension Certificate {
    /// As many as OpenSSH takes.
    private static let principalLimit = 256
    private static let optionLimit = 256
    private static let typesByName = Dictionary(uniqueKeysWithValues: KeyType.allCases.map { ($0.certificateName, $0) })

    /// Whether a blob's type is that of a certificate, so that it is to be parsed here.
    public static func isCertificateType(_ type: String) -> Bool {
        Self.typesByName[type] != nil
    }

    /// - Throws: `invalidKey` if the blob is malformed, or one of its keys is not acceptable.
    public init(blob: [UInt8]) throws {
        guard blob.count <= Self.blobLimit else { throw SSHError(.invalidKey, "a certificate is too long") }
        self = try SSHError.rethrowing(as: .invalidKey) { try Certificate(checking: blob) }
    }

    /// - Parameter openSSHLine: "type base64 comment", as in a -cert.pub file.
    /// - Throws: `invalidKey` if it is no such line, or the type is not the certificate's.
    public init(openSSHLine: String) throws {
        let line = try OpenSSHLine(openSSHLine, limit: Self.blobLimit)
        let certificate = try Certificate(blob: line.blob)
        guard certificate.type == line.type else {
            throw SSHError(.invalidKey, "a certificate is of another type than its line says")
        }
        self = certificate
    }

    private init(checking blob: [UInt8]) throws {
        var reader = WireReader(bytes: blob)
        guard let type = Self.typesByName[try reader.readText(limit: 64)] else {
            throw SSHError(.invalidKey, "a certificate is of a type that is not supported")
        }
        // The nonce only makes the signed bytes unpredictable.
        _ = try reader.readString()
        self.blob = blob
        self.key = PublicKey(type, try PublicKeyMaterial(type, from: &reader))
        self.serial = try reader.readUInt64()
        guard let kind = Kind(rawValue: try reader.readUInt32()) else {
            throw SSHError(.invalidKey, "a certificate is neither a user's nor a host's")
        }
        self.kind = kind
        self.keyIdentifier = try reader.readText()
        self.principals = try Self.readPrincipals(try reader.readString())
        self.validAfter = try reader.readUInt64()
        self.validBefore = try reader.readUInt64()
        self.criticalOptions = try Self.readOptions(try reader.readString())
        self.extensions = try Self.readOptions(try reader.readString())
        // Reserved.
        _ = try reader.readString()
        // PublicKey takes no certificate, so chains end here.
        self.certificateAuthority = try PublicKey(blob: try reader.readBytesString())
        self.signedLength = blob.count - reader.remaining
        self.signature = try reader.readBytesString()
        try reader.expectEnd()
        var signatureReader = WireReader(bytes: self.signature)
        self.signatureAlgorithm = try signatureReader.readText(limit: 64)
        guard self.certificateAuthority.signatureAlgorithms.contains(self.signatureAlgorithm) else {
            throw SSHError(.invalidKey, "a certificate is signed with an algorithm that its authority must not use")
        }
    }

    private static func readPrincipals(_ field: ByteBuffer) throws -> [String] {
        var reader = WireReader(field)
        var principals: [String] = []
        while reader.remaining > 0 {
            guard principals.count < Self.principalLimit else {
                throw SSHError(.invalidKey, "a certificate has more than \(Self.principalLimit) principals")
            }
            principals.append(try reader.readText())
        }
        return principals
    }

    private static func readOptions(_ field: ByteBuffer) throws -> [Option] {
        var reader = WireReader(field)
        var options: [Option] = []
        var names: Set<String> = []
        while reader.remaining > 0 {
            let option = Option(name: try reader.readText(limit: 256), data: try reader.readBytesString())
            // PROTOCOL.certkeys: each option appears once. Two values of one restriction would be a choice.
            guard names.insert(option.name).inserted, options.count < Self.optionLimit else {
                throw SSHError(.invalidKey, "a certificate has an option twice, or too many of them")
            }
            options.append(option)
        }
        return options
    }
}
