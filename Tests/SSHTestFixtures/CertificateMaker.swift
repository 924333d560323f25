public import SSHCrypto
import SSHWire

/// Signs user certificates for tests: right ones, and such as no authority would sign.
public struct CertificateMaker {
    /// The key that is certified.
    public var key: PublicKey
    public var authority: any SigningKey
    public var serial: UInt64 = 77
    /// 1 for a user's, 2 for a host's.
    public var kind: UInt32 = 1
    public var keyIdentifier = "device-1"
    public var principals = ["alice"]
    public var validAfter: UInt64 = 0
    public var validBefore = UInt64.max
    public var criticalOptions: [(name: String, data: [UInt8])] = []
    public var extensions: [(name: String, data: [UInt8])] = [("permit-port-forwarding", [])]

    public init(key: PublicKey = CertificateMaker.key, authority: any SigningKey = CertificateMaker.authority) {
        self.key = key
        self.authority = authority
    }

    public var blob: [UInt8] {
        get throws {
            var fields = WireReader(bytes: self.key.blob)
            let type = try fields.readText()
            var writer = WireWriter()
            writer.writeText(Self.name(of: type))
            writer.writeString(Array(repeating: UInt8(7), count: 32))
            writer.writeBytes(fields.readRemaining())
            writer.writeUInt64(self.serial)
            writer.writeUInt32(self.kind)
            writer.writeText(self.keyIdentifier)
            writer.writeString(Self.list { list in for name in self.principals { list.writeText(name) } })
            writer.writeUInt64(self.validAfter)
            writer.writeUInt64(self.validBefore)
            for options in [self.criticalOptions, self.extensions] {
                writer.writeString(
                    Self.list { list in
                        for option in options {
                            list.writeText(option.name)
                            list.writeString(option.data)
                        }
                    }
                )
            }
            writer.writeText("")
            writer.writeString(self.authority.publicKey.blob)
            let algorithm = self.authority.publicKey.signatureAlgorithms.first ?? ""
            writer.writeString(try self.authority.sign(writer.bytes, algorithm: algorithm))
            return writer.bytes
        }
    }

    public var certificate: Certificate {
        get throws { try Certificate(blob: try self.blob) }
    }

    /// One string, as the data of an option that has any.
    public static func data(_ text: String) -> [UInt8] {
        self.list { $0.writeText(text) }
    }

    private static func list(_ write: (inout WireWriter) -> Void) -> [UInt8] {
        var writer = WireWriter()
        write(&writer)
        return writer.bytes
    }

    private static func name(of type: String) -> String {
        let domain = "@openssh.com"
        let plain = type.hasSuffix(domain) ? String(type.dropLast(domain.count)) : type
        return plain + "-cert-v01" + domain
    }
}

extension CertificateMaker {
    /// An ed25519 key pair, the same for the same number.
    public static func privateKey(_ number: UInt8) -> Ed25519PrivateKey {
        do {
            return try Ed25519PrivateKey(seed: SecretBytes(bytes: Array(repeating: number, count: 32)))
        } catch {
            preconditionFailure("a seed of 32 bytes is right: \(error)")
        }
    }

    public static let authority = Self.privateKey(1)
    public static let key = Self.privateKey(2).publicKey
    public static let otherKey = Self.privateKey(3).publicKey

    /// A key in an authenticator.
    public static var securityKey: PublicKey {
        get throws {
            var fields = WireReader(bytes: Self.key.blob)
            _ = try fields.readString()
            var writer = WireWriter()
            writer.writeText("sk-ssh-ed25519@openssh.com")
            writer.writeBytes(fields.readRemaining())
            writer.writeText("ssh:")
            return try PublicKey(blob: writer.bytes)
        }
    }
}
