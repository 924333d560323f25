/// Products of polynomials modulo x^p - x - 1.
enum Convolution {
    /// Rows that are added before sums are reduced.
    private static let rows = 8
    private static let length = (NTRUPrime.p + rows - 1) / rows * rows

    /// A product whose coefficients are not reduced.
    ///
    /// - Parameters:
    ///   - second: coefficients of -1, 0 and 1.
    ///   - reducesSums: modulo q, which leaves less than 5,300 and so room for eight rows of (q - 1)/2 more. Sums of coefficients of -1, 0 and 1
    ///     need no such thing.
    /// - Returns: p coefficients below 2^14.
    static func multiply(
        _ first: SecretCoefficients,
        by second: SecretCoefficients,
        reducesSums: Bool
    ) -> SecretCoefficients {
        let p = NTRUPrime.p
        // Zeros stand before and behind the first, and behind the second, so that all rows have one length.
        let spread = SecretCoefficients(count: Self.rows + Self.length)
        let factors = SecretCoefficients(count: Self.length)
        let sums = SecretCoefficients(count: 2 * Self.length)
        (spread.pointer + Self.rows).update(from: first.pointer, count: p)
        factors.pointer.update(from: second.pointer, count: p)
        for start in stride(from: 0, to: Self.length, by: Self.rows) {
            let touched = sums.pointer + start
            Self.addRows(of: spread.pointer, times: factors.pointer + start, to: touched)
            if reducesSums { Self.reduce(touched) }
        }
        // x^(p + k) is x^(k + 1) + x^k, and there is none beyond x^(2p - 2).
        let (low, high) = (sums.pointer, sums.pointer + p)
        let result = SecretCoefficients()
        result.pointer[0] = low[0] &+ high[0]
        for index in 1..<p { result.pointer[index] = low[index] &+ high[index] &+ high[index - 1] }
        return result
    }

    // The loops below have no branches, and nothing but pointers and numbers: so the compiler makes vectors of them.

    /// Adds eight rows, each of them a place further on than the one before.
    private static func addRows(
        of spread: UnsafeMutablePointer<Int16>,
        times factors: UnsafeMutablePointer<Int16>,
        to sums: UnsafeMutablePointer<Int16>
    ) {
        let (f0, f1, f2, f3) = (factors[0], factors[1], factors[2], factors[3])
        let (f4, f5, f6, f7) = (factors[4], factors[5], factors[6], factors[7])
        for index in 0..<Self.length {
            var sum = sums[index]
            sum = sum &+ f0 &* spread[index &+ 8]
            sum = sum &+ f1 &* spread[index &+ 7]
            sum = sum &+ f2 &* spread[index &+ 6]
            sum = sum &+ f3 &* spread[index &+ 5]
            sums[index] = sum
        }
        for index in 0..<Self.length {
            var sum = sums[index]
            sum = sum &+ f4 &* spread[index &+ 4]
            sum = sum &+ f5 &* spread[index &+ 3]
            sum = sum &+ f6 &* spread[index &+ 2]
            sum = sum &+ f7 &* spread[index &+ 1]
            sums[index] = sum
        }
    }

    private static func reduce(_ sums: UnsafeMutablePointer<Int16>) {
        for index in 0..<Self.length {
            // 14 / 2^16 is a little less than 1 / q.
            let quotient = Int16(truncatingIfNeeded: (Int32(sums[index]) &* 14) >> 16)
            sums[index] = sums[index] &- Int16(NTRUPrime.q) &* quotient
        }
    }
}
