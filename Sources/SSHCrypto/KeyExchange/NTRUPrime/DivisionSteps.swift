/// What the division steps below do with coefficients. The loops have no branches, and nothing but pointers and numbers: so the
/// compiler makes vectors of them.
protocol DivisionField {
    /// 0 if the coefficient is zero, else -1.
    static func nonzeroMask(_ coefficient: Int16) -> Int16

    /// Makes each b what f0 * b - g0 * a is, or a constant times that.
    static func eliminate(
        _ a: UnsafeMutablePointer<Int16>,
        from b: UnsafeMutablePointer<Int16>,
        count: Int,
        f0: Int16,
        g0: Int16
    )
}

/// Reciprocals modulo x^p - x - 1 by the division steps of Bernstein and Yang ("Fast constant-time gcd computation and modular
/// inversion", 2019): a fixed number of steps, each the same whatever the polynomials.
///
/// f and g begin as both polynomials with their coefficients reversed. Each step takes from g what makes its first coefficient zero, and
/// divides it by x; before that the two change places if g has become the shorter one. v and r undergo the same, so that in the end f is a
/// constant, and v, reversed, the reciprocal times that.
struct DivisionSteps<Field: DivisionField> {
    private static var steps: Int { 2 * NTRUPrime.p - 1 }

    /// Whether there is a reciprocal.
    let isInvertible: Bool
    /// The constant.
    let divisor: Int16
    /// The reciprocal times the constant.
    let dividend = SecretCoefficients()

    init(_ polynomial: SmallPolynomial) {
        let p = NTRUPrime.p
        let (f, r) = (SecretCoefficients(count: p + 1), SecretCoefficients(count: p + 1))
        let (spreadG, spreadV) = (
            SecretCoefficients(count: p + 1 + Self.steps), SecretCoefficients(count: p + 1 + Self.steps)
        )
        // Dividing by x and multiplying with it moves these, not the coefficients: zeros lie behind the one and before the other.
        var (g, v) = (spreadG.pointer, spreadV.pointer + Self.steps)
        f.pointer[0] = 1
        f.pointer[p - 1] = -1
        f.pointer[p] = -1
        for index in 0..<p { g[p - 1 - index] = polynomial.coefficients.pointer[index] }
        r.pointer[0] = 1
        // How much longer f is than g, and one.
        var delta: Int32 = 1
        for step in 0..<Self.steps {
            v -= 1
            let isPositive = Int16(truncatingIfNeeded: (0 &- delta) >> 31)
            let mask = isPositive & Field.nonzeroMask(g[0])
            delta ^= (delta ^ (0 &- delta)) & Int32(mask)
            delta &+= 1
            // What lies beyond will not reach the first place any more, or is still zero.
            let (length, grown) = (min(p + 1, Self.steps - step), min(p + 1, step + 2))
            Self.exchange(f.pointer, g, count: length, mask)
            Self.exchange(v, r.pointer, count: grown, mask)
            let (f0, g0) = (f.pointer[0], g[0])
            Field.eliminate(f.pointer, from: g, count: length, f0: f0, g0: g0)
            Field.eliminate(v, from: r.pointer, count: grown, f0: f0, g0: g0)
            g += 1
        }
        self.isInvertible = delta == 0
        self.divisor = f.pointer[0]
        for index in 0..<p { self.dividend.pointer[index] = v[p - 1 - index] }
    }

    /// Changes the places of a and b where the mask is -1.
    private static func exchange(
        _ a: UnsafeMutablePointer<Int16>,
        _ b: UnsafeMutablePointer<Int16>,
        count: Int,
        _ mask: Int16
    ) {
        for index in 0..<count {
            let difference = (a[index] ^ b[index]) & mask
            a[index] ^= difference
            b[index] ^= difference
        }
    }
}

/// Modulo 3, from -1 to 1.
private enum Modulo3: DivisionField {
    static func nonzeroMask(_ coefficient: Int16) -> Int16 { NTRUPrime.nonzeroMask(coefficient) }

    static func eliminate(
        _ a: UnsafeMutablePointer<Int16>,
        from b: UnsafeMutablePointer<Int16>,
        count: Int,
        f0: Int16,
        g0: Int16
    ) {
        // f0 is its own reciprocal.
        let factor = f0 &* g0
        for index in 0..<count {
            // From -2 to 2.
            let sum = b[index] &- factor &* a[index]
            b[index] = sum &- 3 &* ((11 &* sum &+ 16) >> 5)
        }
    }
}

/// Modulo q, below 2^13.
private enum ModuloQ: DivisionField {
    static func nonzeroMask(_ coefficient: Int16) -> Int16 {
        NTRUPrime.nonzeroMask(NTRUPrime.freeze(Int32(coefficient)))
    }

    /// Products are Montgomery's, divided by 2^16: all of a step are, so that f and v keep their ratio. Of factors below 2^13 they are below
    /// 3,400, and differences of two are below 2^13 again.
    static func eliminate(
        _ a: UnsafeMutablePointer<Int16>,
        from b: UnsafeMutablePointer<Int16>,
        count: Int,
        f0: Int16,
        g0: Int16
    ) {
        // 1 / q modulo 2^16.
        let inverse: Int16 = 15_631
        let (f1, g1) = (f0 &* inverse, g0 &* inverse)
        for index in 0..<count {
            let (first, second) = (a[index], b[index])
            let high = Self.high(f0, second) &- Self.high(g0, first)
            let multiple = Self.high(f1 &* second, Int16(NTRUPrime.q)) &- Self.high(g1 &* first, Int16(NTRUPrime.q))
            b[index] = high &- multiple
        }
    }

    /// The upper half of a product.
    @inline(__always)
    private static func high(_ a: Int16, _ b: Int16) -> Int16 {
        Int16(truncatingIfNeeded: (Int32(a) &* Int32(b)) >> 16)
    }
}

extension SmallPolynomial {
    /// The reciprocal in R/3; nil if there is none. That there is none says nothing about the polynomial that will be used instead.
    func reciprocal() -> SmallPolynomial? {
        let steps = DivisionSteps<Modulo3>(self)
        guard steps.isInvertible else { return nil }
        let result = SmallPolynomial()
        for index in 0..<NTRUPrime.p {
            result.coefficients.pointer[index] = steps.divisor &* steps.dividend.pointer[index]
        }
        return result
    }

    /// A third of the reciprocal, in R/q: there always is one of a short polynomial, as x^p - x - 1 is irreducible there.
    func thirdOfReciprocal() -> RingPolynomial {
        let steps = DivisionSteps<ModuloQ>(self)
        let scale = NTRUPrime.reciprocal(NTRUPrime.freeze(3 &* Int32(steps.divisor)))
        let result = RingPolynomial()
        for index in 0..<NTRUPrime.p {
            let product = Int32(scale) &* Int32(steps.dividend.pointer[index])
            result.coefficients.pointer[index] = NTRUPrime.freeze(product)
        }
        return result
    }
}
