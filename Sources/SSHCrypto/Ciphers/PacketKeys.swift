import SSHWire

/// What one direction of a connection is protected with between two key exchanges.
public struct PacketKeys: Sendable {
    public let cipher: CipherAlgorithm
    /// The MAC next to a cipher that does not authenticate by itself.
    public let mac: MACAlgorithm?
    let key: SecretBytes
    let initialVector: SecretBytes
    let macKey: SecretBytes?

    /// A cipher that authenticates by itself ignores `mac` and `macKey`.
    public init(
        cipher: CipherAlgorithm,
        mac: MACAlgorithm?,
        key: SecretBytes,
        initialVector: SecretBytes,
        macKey: SecretBytes?
    ) {
        self.cipher = cipher
        self.mac = cipher.isAuthenticated ? nil : mac
        self.key = key
        self.initialVector = initialVector
        self.macKey = cipher.isAuthenticated ? nil : macKey
    }
}

/// How the packets of one direction are protected: chosen once, when the keys come into use.
enum PacketProtection {
    case none
    case chaCha20Poly1305(ChaCha20Poly1305)
    case aesGCM(AESGCM<CipherContext>)
    case aesGCMByBoringSSL(AESGCM<BoringSSLCipher>)
    case encryptThenMAC(EncryptThenMAC)
    case encryptAndMAC(EncryptAndMAC)

    init(_ keys: PacketKeys, direction: CipherContext.Direction, gcm: GCMLibrary) throws {
        guard keys.key.count == keys.cipher.keyLength,
            keys.initialVector.count == keys.cipher.initialVectorLength
        else {
            throw SSHError(.misuse, "a key for \(keys.cipher.rawValue) has the wrong length")
        }
        switch keys.cipher {
        case .chacha20Poly1305:
            self = .chaCha20Poly1305(try ChaCha20Poly1305(key: keys.key))
        case .aes256GCM, .aes128GCM:
            self = try Self.aesGCM(keys, direction: direction, gcm)
        case .aes256CTR, .aes192CTR, .aes128CTR:
            self =
                keys.mac?.isEncryptThenMAC == false
                ? .encryptAndMAC(try EncryptAndMAC(keys, direction: direction))
                : .encryptThenMAC(try EncryptThenMAC(keys, direction: direction))
        }
    }

    private static func aesGCM(
        _ keys: PacketKeys,
        direction: CipherContext.Direction,
        _ library: GCMLibrary
    ) throws -> PacketProtection {
        switch library {
        case .libcrypto:
            .aesGCM(
                try AESGCM(keys) {
                    try CipherContext(FetchedCipher.cipher(for: keys.cipher), key: $0, direction: direction)
                }
            )
        case .boringSSL:
            .aesGCMByBoringSSL(try AESGCM(keys) { try BoringSSLCipher(key: $0, direction: direction) })
        }
    }

    var tagLength: Int {
        switch self {
        case .none: 0
        case .chaCha20Poly1305: ChaCha20Poly1305.tagLength
        case .aesGCM, .aesGCMByBoringSSL: GCMLibrary.tagLength
        case .encryptThenMAC(let context): context.tagLength
        case .encryptAndMAC(let context): context.tagLength
        }
    }

    /// RFC 4253 §6 counts the length field in; where it is authenticated by itself, it is kept apart from the encrypted blocks.
    var alignedLengthFieldBytes: Int {
        switch self {
        case .none, .encryptAndMAC: 4
        case .chaCha20Poly1305, .aesGCM, .aesGCMByBoringSSL, .encryptThenMAC: 0
        }
    }

    var blockLength: Int {
        switch self {
        case .none, .chaCha20Poly1305: 8
        case .aesGCM, .aesGCMByBoringSSL, .encryptThenMAC, .encryptAndMAC: 16
        }
    }
}
