import NIOCore
import SSHWire

/// What stands in a public key's blob after its type: the same fields stand in a certificate.
enum PublicKeyMaterial: Sendable {
    case ed25519(key: [UInt8])
    case rsa(RSAPublicKey)
    case ecdsa(ECDSAPublicKey)
    /// A key in a FIDO authenticator; `application` is part of what it signs (OpenSSH's PROTOCOL.u2f).
    case securityKeyEd25519(key: [UInt8], application: [UInt8])
    case securityKeyECDSA(ECDSAPublicKey, application: [UInt8])

    private static let applicationLimit = 1024

    init(_ type: KeyType, from reader: inout WireReader) throws {
        switch type {
        case .ed25519:
            self = .ed25519(key: try Self.readEd25519Key(from: &reader))
        case .rsa:
            self = .rsa(try RSAPublicKey(from: &reader))
        case .ecdsaP256:
            self = .ecdsa(try ECDSAPublicKey(curve: .nistp256, from: &reader))
        case .ecdsaP384:
            self = .ecdsa(try ECDSAPublicKey(curve: .nistp384, from: &reader))
        case .ecdsaP521:
            self = .ecdsa(try ECDSAPublicKey(curve: .nistp521, from: &reader))
        case .securityKeyEd25519:
            let key = try Self.readEd25519Key(from: &reader)
            self = .securityKeyEd25519(key: key, application: try Self.readApplication(from: &reader))
        case .securityKeyECDSA:
            let key = try ECDSAPublicKey(curve: .nistp256, from: &reader)
            self = .securityKeyECDSA(key, application: try Self.readApplication(from: &reader))
        }
    }

    func write(to writer: inout WireWriter) {
        switch self {
        case .ed25519(let key):
            writer.writeString(key)
        case .rsa(let key):
            key.write(to: &writer)
        case .ecdsa(let key):
            key.write(to: &writer)
        case .securityKeyEd25519(let key, let application):
            writer.writeString(key)
            writer.writeString(application)
        case .securityKeyECDSA(let key, let application):
            key.write(to: &writer)
            writer.writeString(application)
        }
    }

    private static func readEd25519Key(from reader: inout WireReader) throws -> [UInt8] {
        let key = try reader.readString()
        guard key.readableBytes == Ed25519.publicKeyLength else {
            throw SSHError(.invalidKey, "an ed25519 key has \(key.readableBytes) bytes instead of 32")
        }
        return Array(key.readableBytesView)
    }

    private static func readApplication(from reader: inout WireReader) throws -> [UInt8] {
        let application = try reader.readString()
        guard application.readableBytes <= Self.applicationLimit else {
            throw SSHError(.invalidKey, "a security key's application is too long")
        }
        return Array(application.readableBytesView)
    }
}
