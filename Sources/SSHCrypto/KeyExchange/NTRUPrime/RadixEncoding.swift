/// Numbers below a modulus as bytes: pairs are joined to larger numbers, whose low bytes go out, until one is left (NTRU Prime: round 3,
/// §3.1, Encode and Decode).
enum RadixEncoding {
    /// Numbers below this are joined without giving out bytes.
    private static let limit: UInt32 = 1 << 14

    /// - Parameters:
    ///   - numbers: as many as a polynomial has coefficients, each below the modulus.
    ///   - length: of the result.
    static func encode(_ numbers: [UInt16], modulus: UInt32, length: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(length)
        var numbers = numbers.map(UInt32.init)
        for level in Self.levels(modulus) {
            var joined: [UInt32] = []
            joined.reserveCapacity(numbers.count / 2 + 1)
            for (index, pair) in level.pairs.enumerated() {
                var number = numbers[2 * index] &+ pair.first &* numbers[2 * index + 1]
                for _ in 0..<pair.bytes {
                    bytes.append(UInt8(truncatingIfNeeded: number))
                    number >>= 8
                }
                joined.append(number)
            }
            if level.hasSingle, let last = numbers.last { joined.append(last) }
            numbers = joined
        }
        var rest = numbers[0]
        while bytes.count < length {
            bytes.append(UInt8(truncatingIfNeeded: rest))
            rest >>= 8
        }
        return bytes
    }

    /// Any bytes stand for some numbers. These are nobody's secret: divisions may take their time.
    static func decode(_ bytes: some Collection<UInt8>, modulus: UInt32) -> [UInt16] {
        let bytes = Array(bytes)
        let levels = Self.levels(modulus)
        // Where each level's bytes begin.
        var starts: [Int] = []
        var position = 0
        for level in levels {
            starts.append(position)
            position += level.pairs.reduce(0) { $0 + $1.bytes }
        }
        var rest: UInt32 = 0
        for byte in bytes[min(position, bytes.count)...].reversed() { rest = rest << 8 | UInt32(byte) }
        var numbers = [rest % (levels.last?.pairs.first?.joined ?? modulus)]
        for (level, start) in zip(levels, starts).reversed() {
            var parts: [UInt32] = []
            parts.reserveCapacity(2 * numbers.count)
            var position = start
            for (index, pair) in level.pairs.enumerated() {
                var number = numbers[index]
                for offset in (0..<pair.bytes).reversed() { number = number << 8 | UInt32(bytes[position + offset]) }
                position += pair.bytes
                parts.append(number % pair.first)
                parts.append(number / pair.first % pair.second)
            }
            if level.hasSingle, let last = numbers.last { parts.append(last) }
            numbers = parts
        }
        return numbers.map { UInt16(truncatingIfNeeded: $0) }
    }

    /// How the numbers of one round are joined.
    private struct Level {
        struct Pair {
            /// The moduli of the two.
            let first: UInt32
            let second: UInt32
            /// How many bytes go out, and the modulus of what is left.
            let bytes: Int
            let joined: UInt32
        }

        var pairs: [Pair] = []
        /// The last one has nobody to be joined with.
        var hasSingle = false
    }

    private static func levels(_ modulus: UInt32) -> [Level] {
        modulus == Self.ringModulus ? Self.ringLevels : Self.roundedLevels
    }

    static let ringModulus: UInt32 = 4591
    static let roundedModulus: UInt32 = 1531
    private static let ringLevels = Self.makeLevels(Self.ringModulus)
    private static let roundedLevels = Self.makeLevels(Self.roundedModulus)

    private static func makeLevels(_ modulus: UInt32) -> [Level] {
        var moduli = [UInt32](repeating: modulus, count: NTRUPrime.p)
        var levels: [Level] = []
        while moduli.count > 1 {
            var level = Level()
            for index in stride(from: 0, to: moduli.count - 1, by: 2) {
                var (joined, bytes) = (moduli[index] &* moduli[index + 1], 0)
                while joined >= Self.limit {
                    joined = (joined &+ 255) >> 8
                    bytes += 1
                }
                level.pairs.append(
                    Level.Pair(first: moduli[index], second: moduli[index + 1], bytes: bytes, joined: joined)
                )
            }
            level.hasSingle = moduli.count % 2 == 1
            moduli = level.pairs.map(\.joined) + (level.hasSingle ? moduli.suffix(1) : [])
            levels.append(level)
        }
        return levels
    }
}
