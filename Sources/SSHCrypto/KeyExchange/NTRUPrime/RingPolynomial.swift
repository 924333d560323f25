/// A polynomial in R/q, with coefficients from -(q - 1)/2 to (q - 1)/2.
struct RingPolynomial {
    private static let half = Int16(NTRUPrime.q / 2)

    let coefficients = SecretCoefficients()

    init() {}

    /// - Parameter bytes: `ringLength` of them; any stand for some polynomial.
    init(encoded bytes: some Collection<UInt8>) {
        for (index, number) in RadixEncoding.decode(bytes, modulus: RadixEncoding.ringModulus).enumerated() {
            self.coefficients.pointer[index] = Int16(truncatingIfNeeded: number) &- Self.half
        }
    }

    /// - Parameter bytes: `roundedLength` of them.
    init(rounded bytes: some Collection<UInt8>) {
        for (index, number) in RadixEncoding.decode(bytes, modulus: RadixEncoding.roundedModulus).enumerated() {
            self.coefficients.pointer[index] = 3 &* Int16(truncatingIfNeeded: number) &- Self.half
        }
    }

    /// What stands in a public key.
    func encoded() -> [UInt8] {
        let numbers = (0..<NTRUPrime.p).map { index in
            UInt16(truncatingIfNeeded: self.coefficients.pointer[index] &+ Self.half)
        }
        return RadixEncoding.encode(numbers, modulus: RadixEncoding.ringModulus, length: NTRUPrime.ringLength)
    }

    /// Each coefficient rounded to a multiple of three: what stands in a ciphertext.
    func roundedAndEncoded() -> [UInt8] {
        let numbers = (0..<NTRUPrime.p).map { index in
            let number = self.coefficients.pointer[index]
            let rounded = number &- NTRUPrime.freeze3(number) &+ Self.half
            // A third of a multiple of three.
            return UInt16(truncatingIfNeeded: (Int32(rounded) &* 21_846) >> 16)
        }
        return RadixEncoding.encode(numbers, modulus: RadixEncoding.roundedModulus, length: NTRUPrime.roundedLength)
    }

    func times(_ small: SmallPolynomial) -> RingPolynomial {
        let product = Convolution.multiply(self.coefficients, by: small.coefficients, reducesSums: true)
        let result = RingPolynomial()
        for index in 0..<NTRUPrime.p {
            result.coefficients.pointer[index] = NTRUPrime.freeze(Int32(product.pointer[index]))
        }
        return result
    }

    /// Three times the polynomial, and of that the coefficients modulo 3.
    func tripledModulo3() -> SmallPolynomial {
        let result = SmallPolynomial()
        for index in 0..<NTRUPrime.p {
            let tripled = NTRUPrime.freeze(3 &* Int32(self.coefficients.pointer[index]))
            result.coefficients.pointer[index] = NTRUPrime.freeze3(tripled)
        }
        return result
    }
}
