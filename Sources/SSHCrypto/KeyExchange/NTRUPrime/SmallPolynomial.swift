/// A polynomial with coefficients of -1, 0 and 1.
struct SmallPolynomial {
    let coefficients = SecretCoefficients()

    /// Each coefficient is equally likely.
    static func uniform(_ random: any RandomSource) -> SmallPolynomial {
        let result = SmallPolynomial()
        Self.withRandomWords(random) { words in
            for index in 0..<NTRUPrime.p {
                let scaled = ((words[index] & 0x3fff_ffff) &* 3) >> 30
                result.coefficients.pointer[index] = Int16(truncatingIfNeeded: scaled) &- 1
            }
        }
        return result
    }

    /// A short polynomial: w coefficients of 1 or -1 get places by the order of random numbers.
    static func short(_ random: any RandomSource) -> SmallPolynomial {
        let result = SmallPolynomial()
        Self.withRandomWords(random) { words in
            // The two lowest bits are what is sorted: 0 or 2 for the w, 1 for the others.
            for index in 0..<NTRUPrime.w { words[index] &= ~1 }
            for index in NTRUPrime.w..<NTRUPrime.p { words[index] = words[index] & ~2 | 1 }
            SortingNetwork.sort(words, count: NTRUPrime.p)
            for index in 0..<NTRUPrime.p {
                result.coefficients.pointer[index] = Int16(truncatingIfNeeded: words[index] & 3) &- 1
            }
        }
        return result
    }

    private static func withRandomWords(_ random: any RandomSource, _ body: (UnsafeMutablePointer<UInt32>) -> Void) {
        var bytes = random.randomBytes(4 * NTRUPrime.p)
        defer { Sodium.zero(&bytes) }
        let words = UnsafeMutablePointer<UInt32>.allocate(capacity: NTRUPrime.p)
        defer {
            Sodium.zero(UnsafeMutableRawBufferPointer(start: words, count: 4 * NTRUPrime.p))
            words.deallocate()
        }
        bytes.withUnsafeBytes { bytes in
            for index in 0..<NTRUPrime.p {
                let word = bytes.loadUnaligned(fromByteOffset: 4 * index, as: UInt32.self)
                words[index] = UInt32(littleEndian: word)
            }
        }
        body(words)
    }

    /// Four coefficients in a byte, the first in the lowest bits.
    func encoded() -> SecretBytes {
        SecretBytes(count: NTRUPrime.smallLength) { bytes in
            for index in 0..<NTRUPrime.p {
                let bits = UInt8(truncatingIfNeeded: self.coefficients.pointer[index] &+ 1)
                bytes[index / 4] |= bits << UInt8(2 * (index % 4))
            }
        }
    }

    /// -1 if there are w coefficients that are not zero, else 0.
    var isShortMask: Int16 {
        var weight: Int16 = 0
        for index in 0..<NTRUPrime.p { weight &+= self.coefficients.pointer[index] & 1 }
        return ~NTRUPrime.nonzeroMask(weight &- Int16(NTRUPrime.w))
    }

    /// Takes another's coefficients where the mask is -1.
    func replace(by other: SmallPolynomial, where mask: Int16) {
        let (own, theirs) = (self.coefficients.pointer, other.coefficients.pointer)
        for index in 0..<NTRUPrime.p { own[index] ^= (own[index] ^ theirs[index]) & mask }
    }

    /// The product in R/3.
    func times(_ other: SmallPolynomial) -> SmallPolynomial {
        let product = Convolution.multiply(self.coefficients, by: other.coefficients, reducesSums: false)
        let result = SmallPolynomial()
        for index in 0..<NTRUPrime.p {
            result.coefficients.pointer[index] = NTRUPrime.freeze3(product.pointer[index])
        }
        return result
    }
}
