import SSHWire

/// The key encapsulation sntrup761 (NTRU Prime: round 3, §4; draft-josefsson-ntruprime-streamlined).
enum SNTRUP761 {
    static let publicKeyLength = NTRUPrime.ringLength
    static let ciphertextLength = NTRUPrime.roundedLength + NTRUPrime.hashLength

    /// - Parameter publicKey: any bytes of the right length stand for some polynomial.
    /// - Throws: `keyExchangeFailed` if it has another length.
    static func encapsulate(
        to publicKey: [UInt8],
        random: any RandomSource
    ) throws -> (ciphertext: [UInt8], secret: SecretBytes) {
        guard publicKey.count == Self.publicKeyLength else {
            let count = publicKey.count
            throw SSHError(.keyExchangeFailed, "an sntrup761 key has \(count) bytes instead of \(Self.publicKeyLength)")
        }
        let hidden = SNTRUP761Hidden(
            SmallPolynomial.short(random),
            key: RingPolynomial(encoded: publicKey),
            keyHash: Self.hash(ofKey: publicKey)
        )
        return (hidden.ciphertext, hidden.secret(of: hidden.ciphertext))
    }

    static func hash(ofKey publicKey: [UInt8]) -> SecretBytes {
        publicKey.withUnsafeBytes { NTRUPrime.hash(4, $0) }
    }
}

/// A key pair for one key exchange.
struct SNTRUP761PrivateKey {
    let publicKey: [UInt8]
    private let key: RingPolynomial
    private let short: SmallPolynomial
    private let reciprocal: SmallPolynomial
    /// Stands in for what was hidden when a ciphertext is not right.
    private let decoy: SecretBytes
    private let keyHash: SecretBytes

    init(random: any RandomSource) {
        var found: (polynomial: SmallPolynomial, reciprocal: SmallPolynomial)?
        while found == nil {
            let polynomial = SmallPolynomial.uniform(random)
            found = polynomial.reciprocal().map { (polynomial, $0) }
        }
        guard let found else { preconditionFailure("the loop ends when there is one") }
        self.reciprocal = found.reciprocal
        self.short = SmallPolynomial.short(random)
        self.key = self.short.thirdOfReciprocal().times(found.polynomial)
        self.publicKey = self.key.encoded()
        self.decoy = SecretBytes(bytes: random.randomBytes(NTRUPrime.smallLength))
        self.keyHash = SNTRUP761.hash(ofKey: self.publicKey)
    }

    /// A ciphertext that was changed gives another secret, not an error: the exchange hash's signature then fails.
    ///
    /// - Throws: `keyExchangeFailed` if it has the wrong length.
    func decapsulate(_ ciphertext: [UInt8]) throws -> SecretBytes {
        guard ciphertext.count == SNTRUP761.ciphertextLength else {
            let count = ciphertext.count
            throw SSHError(
                .keyExchangeFailed,
                "an sntrup761 ciphertext has \(count) bytes instead of \(SNTRUP761.ciphertextLength)"
            )
        }
        let rounded = RingPolynomial(rounded: ciphertext.prefix(NTRUPrime.roundedLength))
        let polynomial = rounded.times(self.short).tripledModulo3().times(self.reciprocal)
        // One that is not short was never hidden: any that is will do, as it will not give the same ciphertext.
        polynomial.replace(by: .firstOnes, where: ~polynomial.isShortMask)
        let hidden = SNTRUP761Hidden(polynomial, key: self.key, keyHash: self.keyHash)
        let difference = zip(hidden.ciphertext, ciphertext).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) }
        return hidden.secret(of: ciphertext, decoy: self.decoy, isChanged: difference)
    }

    /// As reference implementations write it, to be compared with theirs.
    var encoded: [UInt8] {
        let parts = [self.short.encoded(), self.reciprocal.encoded()].flatMap { $0.withBytes { Array($0) } }
        return parts + self.publicKey + [self.decoy, self.keyHash].flatMap { $0.withBytes { Array($0) } }
    }
}

extension SmallPolynomial {
    /// w ones, and then zeros.
    fileprivate static var firstOnes: SmallPolynomial {
        let result = SmallPolynomial()
        for index in 0..<NTRUPrime.w { result.coefficients.pointer[index] = 1 }
        return result
    }
}

/// A short polynomial, hidden in a ciphertext.
private struct SNTRUP761Hidden {
    let ciphertext: [UInt8]
    private let encoded: SecretBytes

    init(_ polynomial: SmallPolynomial, key: RingPolynomial, keyHash: SecretBytes) {
        self.encoded = polynomial.encoded()
        let hash = self.encoded.withBytes { NTRUPrime.hash(3, $0) }
        let confirmation = hash.withBytes { hash in keyHash.withBytes { NTRUPrime.hash(2, hash, $0) } }
        self.ciphertext = key.times(polynomial).roundedAndEncoded() + confirmation.withBytes { Array($0) }
    }

    func secret(of ciphertext: [UInt8]) -> SecretBytes {
        Self.secret(1, self.encoded, ciphertext)
    }

    /// - Parameters:
    ///   - ciphertext: what the peer sent.
    ///   - decoy: enters the secret in place of the polynomial if that would have had another ciphertext.
    ///   - isChanged: zero if it has this one.
    func secret(of ciphertext: [UInt8], decoy: SecretBytes, isChanged: UInt8) -> SecretBytes {
        let mask = UInt8(truncatingIfNeeded: NTRUPrime.nonzeroMask(Int16(isChanged)))
        let chosen = SecretBytes(count: self.encoded.count) { target in
            self.encoded.withBytes { own in
                decoy.withBytes { decoy in
                    for index in target.indices { target[index] = own[index] ^ (own[index] ^ decoy[index]) & mask }
                }
            }
        }
        return Self.secret(1 &+ mask, chosen, ciphertext)
    }

    private static func secret(_ purpose: UInt8, _ encoded: SecretBytes, _ ciphertext: [UInt8]) -> SecretBytes {
        let hash = encoded.withBytes { NTRUPrime.hash(3, $0) }
        return hash.withBytes { hash in ciphertext.withUnsafeBytes { NTRUPrime.hash(purpose, hash, $0) } }
    }
}
