/// The parameters of sntrup761, Streamlined NTRU Prime (NTRU Prime: round 3, §3; draft-josefsson-ntruprime-streamlined).
///
/// Polynomials are those modulo x^p - x - 1. In R/q their coefficients are modulo q, in R/3 modulo 3; a short one has w coefficients
/// of 1 or -1, and otherwise zeros.
///
/// All that touches secrets takes a time that does not depend on them: no branch and no index does. Arithmetic wraps instead of
/// trapping, and what keeps it from wrapping stands beside it.
enum NTRUPrime {
    static let p = 761
    static let q: Int32 = 4591
    static let w = 286

    /// Bytes of a polynomial in R/q, and of one that was rounded to multiples of three.
    static let ringLength = 1158
    static let roundedLength = 1007
    /// Bytes of a polynomial in R/3: four coefficients in each.
    static let smallLength = 191
    static let hashLength = 32

    /// x modulo q, from -(q - 1)/2 to (q - 1)/2. For |x| < 2^27.
    static func freeze(_ x: Int32) -> Int16 {
        // 2^40 / q, so near that rounding is right.
        let quotient = (Int64(x) &* 239_492_840 &+ 1 << 39) >> 40
        return Int16(truncatingIfNeeded: x &- Self.q &* Int32(truncatingIfNeeded: quotient))
    }

    /// x modulo 3, from -1 to 1. For |x| < 2^14.
    static func freeze3(_ x: Int16) -> Int16 {
        // 2^16 / 3, rounded up.
        let quotient = (Int32(x) &* 21_846 &+ 1 << 15) >> 16
        return x &- 3 &* Int16(truncatingIfNeeded: quotient)
    }

    /// 1 / x modulo q: x^(q - 2).
    static func reciprocal(_ x: Int16) -> Int16 {
        var (result, power, exponent) = (Int16(1), x, Self.q &- 2)
        while exponent > 0 {
            if exponent & 1 == 1 { result = Self.freeze(Int32(result) &* Int32(power)) }
            power = Self.freeze(Int32(power) &* Int32(power))
            exponent >>= 1
        }
        return result
    }

    /// -1 if x is not zero, else 0.
    static func nonzeroMask(_ x: Int16) -> Int16 {
        let x = Int32(x)
        return Int16(truncatingIfNeeded: (x | (0 &- x)) >> 31)
    }

    /// The first half of SHA-512, over a byte that says what for, and pieces.
    static func hash(_ purpose: UInt8, _ pieces: UnsafeRawBufferPointer...) -> SecretBytes {
        var hash = HashState(.sha512)
        withUnsafeBytes(of: purpose) { hash.update($0) }
        for piece in pieces { hash.update(piece) }
        var digest = hash.finish()
        defer { Sodium.zero(&digest) }
        return digest.withUnsafeBytes { SecretBytes(copying: UnsafeRawBufferPointer(rebasing: $0[..<Self.hashLength])) }
    }
}
