import COpenSSL
import SSHWire

/// Private keys in PEM files: PKCS #1 for RSA, SEC 1 for ECDSA, PKCS #8 for all.
enum PEMPrivateKeyFile {
    private static let labels = ["RSA PRIVATE KEY", "EC PRIVATE KEY", "PRIVATE KEY"]

    /// - Parameter lines: the text's lines, from the first mark on.
    static func parse(_ text: [UInt8], lines: ArraySlice<ArraySlice<UInt8>>) throws -> PrivateKey {
        try Self.check(lines)
        let bio = try text.withUnsafeBytes { text in
            // A copy: libcrypto reads it after this call.
            let bio = try LibCrypto.check(BIO_new(BIO_s_secmem()), "read a file")
            guard BIO_write(bio, text.baseAddress, Int32(clamping: text.count)) == text.count else {
                BIO_free(bio)
                throw LibCrypto.failure("read a file")
            }
            return bio
        }
        defer { BIO_free(bio) }
        // Nobody is asked for a passphrase.
        let key = PEM_read_bio_PrivateKey(bio, nil, { _, _, _, _ in -1 }, nil)
        guard let key else {
            ERR_clear_error()
            throw SSHError(.invalidKey, "the private key file is damaged or holds a key that is not supported")
        }
        return try PrivateKey(LibCryptoKey(taking: key))
    }

    /// libcrypto would look on for a key behind one that it does not know.
    private static func check(_ lines: ArraySlice<ArraySlice<UInt8>>) throws {
        let begin = lines.first.map { String(decoding: $0, as: UTF8.self) } ?? ""
        if begin.contains("ENCRYPTED") || lines.contains(where: { $0.starts(with: "Proc-Type: 4,ENCRYPTED".utf8) }) {
            throw Self.encrypted()
        }
        guard let label = Self.labels.first(where: { begin.hasPrefix("-----BEGIN \($0)-----") }) else {
            throw SSHError(.invalidKey, "the file is not a private key of a type that is supported")
        }
        guard lines.contains(where: { $0.starts(with: "-----END \(label)-----".utf8) }) else {
            throw SSHError(.invalidKey, "the private key file is cut off")
        }
    }

    static func encrypted() -> SSHError {
        SSHError(.invalidKey, "the private key file is encrypted with a passphrase, which is not supported yet")
    }
}

extension PrivateKey {
    /// - Throws: `invalidKey` if it is of another type.
    fileprivate init(_ key: LibCryptoKey) throws {
        if key.isOfType("RSA") {
            self = .rsa(try RSAPrivateKey(key))
        } else if key.isOfType("EC") {
            self = .ecdsa(try ECDSAPrivateKey(key))
        } else if key.isOfType("ED25519") {
            var length = Ed25519.seedLength
            let seed = try SecretBytes.make(count: length) { target in
                guard EVP_PKEY_get_raw_private_key(key.pointer, target, &length) == 1 else {
                    throw LibCrypto.failure("give an ed25519 key")
                }
            }
            self = .ed25519(try Ed25519PrivateKey(seed: seed))
        } else {
            throw SSHError(.invalidKey, "the private key is of a type that is not supported")
        }
    }
}
