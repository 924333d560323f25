import COpenSSL
import SSHWire

/// An RSA key pair in memory.
public final class RSAPrivateKey: SigningKey {
    /// Bits that new keys have, and how many they have by default.
    public static let generatedBits = 2048...RSAPublicKey.permittedBits.upperBound
    public static let defaultBits = 3072

    public let publicKey: PublicKey
    private let rsa: RSAPublicKey
    private let key: LibCryptoKey

    /// The numbers of a key, as they stand in key files.
    struct Numbers {
        var modulus: [UInt8]
        var exponent: [UInt8]
        var privateExponent: SecretBytes
        /// q^-1 mod p.
        var coefficient: SecretBytes
        var p: SecretBytes
        var q: SecretBytes
    }

    /// - Throws: `invalidKey` if the numbers do not belong together, or the public key is one that nobody would take.
    init(_ numbers: Numbers) throws {
        self.rsa = try RSAPublicKey(exponent: numbers.exponent, modulus: numbers.modulus)
        self.publicKey = PublicKey(.rsa, .rsa(self.rsa))
        self.key = try Self.makeKey(numbers)
        // A wrong exponent or coefficient shows in a signature.
        let probe = Array("relay".utf8)
        guard try self.key.isValid(signature: Self.signature(probe, self.key), over: probe, digest: "SHA256") else {
            throw Self.mismatch()
        }
    }

    static func generate(bits: Int) throws -> RSAPrivateKey {
        try RSAPrivateKey(
            LibCryptoKey.generate("RSA") { EVP_PKEY_CTX_set_rsa_keygen_bits($0, Int32(clamping: bits)) }
        )
    }

    convenience init(_ key: LibCryptoKey) throws {
        try self.init(Numbers(key))
    }

    public func sign(_ data: [UInt8], algorithm: String) throws -> [UInt8] {
        guard self.publicKey.signatureAlgorithms.contains(algorithm) else {
            throw SSHError(.misuse, "an RSA key does not sign with \(algorithm)")
        }
        var writer = WireWriter()
        writer.writeText(algorithm)
        writer.writeString(try self.key.sign(data, digest: RSAPublicKey.digestName(of: algorithm)))
        return writer.bytes
    }

    /// The fields of an OpenSSH key file behind the key's type (OpenSSH's PROTOCOL.key).
    func writeSecrets(to writer: inout WireWriter) throws {
        let numbers = try Numbers(self.key)
        writer.writeUnsignedMPInt(numbers.modulus)
        writer.writeUnsignedMPInt(numbers.exponent)
        for secret in [numbers.privateExponent, numbers.coefficient, numbers.p, numbers.q] {
            secret.withBytes { writer.writeUnsignedMPInt($0) }
        }
    }

    private static func signature(_ probe: [UInt8], _ key: LibCryptoKey) throws -> [UInt8] {
        do {
            return try key.sign(probe, digest: "SHA256")
        } catch {
            throw Self.mismatch()
        }
    }

    private static func mismatch() -> SSHError {
        SSHError(.invalidKey, "an RSA key's numbers do not belong together")
    }

    private static func makeKey(_ numbers: Numbers) throws -> LibCryptoKey {
        let (p, q) = (try BigNumber.secret(numbers.p), try BigNumber.secret(numbers.q))
        let (n, e) = (try BigNumber(numbers.modulus), try BigNumber(numbers.exponent))
        let (d, coefficient) = (
            try BigNumber.secret(numbers.privateExponent), try BigNumber.secret(numbers.coefficient)
        )
        let (context, product) = (try NumberContext(), try BigNumber.secret())
        try LibCrypto.check(BN_mul(product.pointer, p.pointer, q.pointer, context.pointer), "multiply")
        guard BN_cmp(product.pointer, n.pointer) == 0, BN_num_bits(p.pointer) > 2, BN_num_bits(q.pointer) > 2,
            BN_cmp(d.pointer, n.pointer) < 0, BN_cmp(coefficient.pointer, p.pointer) < 0
        else { throw Self.mismatch() }
        // libcrypto mends a signature that a wrong coefficient spoils, and takes four times as long.
        let inverse = BN_mod_mul(product.pointer, coefficient.pointer, q.pointer, p.pointer, context.pointer)
        guard inverse == 1, BN_is_one(product.pointer) == 1 else {
            ERR_clear_error()
            throw Self.mismatch()
        }
        let (dp, dq) = (try Self.reduced(d, below: p, context), try Self.reduced(d, below: q, context))
        return try LibCryptoKey("RSA", .both) { builder in
            let numbers: [(ParameterName, BigNumber)] = [
                (.modulus, n), (.exponent, e), (.privateExponent, d), (.factor1, p), (.factor2, q), (.exponent1, dp),
                (.exponent2, dq), (.coefficient1, coefficient),
            ]
            return numbers.allSatisfy { OSSL_PARAM_BLD_push_BN(builder, $0.address, $1.pointer) == 1 }
        }
    }

    /// d mod (prime - 1).
    private static func reduced(_ d: BigNumber, below prime: BigNumber, _ context: NumberContext) throws -> BigNumber {
        let (result, bound) = (try BigNumber.secret(), try BigNumber.secret())
        _ = try LibCrypto.check(BN_copy(bound.pointer, prime.pointer), "copy a number")
        try LibCrypto.check(BN_sub_word(bound.pointer, 1), "subtract")
        guard BN_nnmod(result.pointer, d.pointer, bound.pointer, context.pointer) == 1 else {
            ERR_clear_error()
            throw Self.mismatch()
        }
        return result
    }
}

extension RSAPrivateKey.Numbers {
    fileprivate init(_ key: LibCryptoKey) throws {
        func open(_ name: String) throws -> [UInt8] {
            let number = try key.number(name)
            return try number.bytes(count: number.byteCount)
        }
        func secret(_ name: String) throws -> SecretBytes {
            let number = try key.number(name)
            return try number.secretBytes(count: number.byteCount)
        }
        self.init(
            modulus: try open(OSSL_PKEY_PARAM_RSA_N),
            exponent: try open(OSSL_PKEY_PARAM_RSA_E),
            privateExponent: try secret(OSSL_PKEY_PARAM_RSA_D),
            coefficient: try secret(OSSL_PKEY_PARAM_RSA_COEFFICIENT + "1"),
            p: try secret(OSSL_PKEY_PARAM_RSA_FACTOR + "1"),
            q: try secret(OSSL_PKEY_PARAM_RSA_FACTOR + "2")
        )
    }
}
