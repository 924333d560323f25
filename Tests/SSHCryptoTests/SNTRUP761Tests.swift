import SSHWire
import Testing

@testable import SSHCrypto

struct SNTRUP761Tests {
    /// The first of NIST's known-answer tests in the form in which PQClean publishes its hash (crypto_kem/sntrup761/META.yml,
    /// `nistkat-sha256`): key, secret key, ciphertext and secret of the reference implementation, all in one.
    @Test func knownAnswerOfTheReferenceImplementation() throws {
        let seed = try NISTRandom(seed: bytes(0..<48)).randomBytes(48)
        #expect(
            seed.uppercaseHex == """
                061550234D158C5EC95595FE04EF7A25767F2E24CC2BC479D09D86DC9ABCFDE7\
                056A8C266F9EF97ED08541DBD2E1FFA1
                """
        )
        let random = try NISTRandom(seed: seed)
        let key = SNTRUP761PrivateKey(random: random)
        let (ciphertext, secret) = try SNTRUP761.encapsulate(to: key.publicKey, random: random)
        let lines = [
            "count = 0", "seed = \(seed.uppercaseHex)", "pk = \(key.publicKey.uppercaseHex)",
            "sk = \(key.encoded.uppercaseHex)", "ct = \(ciphertext.uppercaseHex)",
            "ss = \(secret.withBytes { Array($0) }.uppercaseHex)", "",
        ]
        let answer = SHA256Digest.hash(Array(lines.joined(separator: "\n").utf8))
        #expect(answer == hex("afc42c3a5b10f4ef69654250097ebda9b9564570f4086744b24a6daf2bd1f89a"))
        #expect(try key.decapsulate(ciphertext) == secret)
    }

    @Test(arguments: 0..<8 as Range<UInt64>)
    func bothSidesGetTheSameSecret(seed: UInt64) throws {
        let random = SeededRandom(seed: seed)
        let key = SNTRUP761PrivateKey(random: random)
        #expect(key.publicKey.count == 1158)
        let (ciphertext, secret) = try SNTRUP761.encapsulate(to: key.publicKey, random: random)
        #expect(ciphertext.count == 1039 && secret.count == 32)
        #expect(try key.decapsulate(ciphertext) == secret)
        let other = try SNTRUP761.encapsulate(to: key.publicKey, random: random)
        #expect(other.ciphertext != ciphertext && other.secret != secret)
    }

    /// The secret of a ciphertext that was changed is the same each time, and nobody else's.
    @Test func aChangedCiphertextGivesAnotherSecret() throws {
        let random = SeededRandom(seed: 20)
        let key = SNTRUP761PrivateKey(random: random)
        let (ciphertext, secret) = try SNTRUP761.encapsulate(to: key.publicKey, random: random)
        var secrets = [secret.withBytes { Array($0) }]
        for index in [0, 1, 500, 1006, 1007, 1020, 1038] {
            for mask in [1, 0x80] as [UInt8] {
                var changed = ciphertext
                changed[index] ^= mask
                let other = try key.decapsulate(changed)
                #expect(try key.decapsulate(changed) == other)
                secrets.append(other.withBytes { Array($0) })
            }
        }
        #expect(Set(secrets).count == 15)
    }

    @Test func anyBytesOfTheRightLengthAreAnswered() throws {
        let random = SeededRandom(seed: 21)
        let key = SNTRUP761PrivateKey(random: random)
        for byte in [0, 1, 0x7f, 0x80, 0xff] as [UInt8] {
            #expect(try key.decapsulate([UInt8](repeating: byte, count: 1039)).count == 32)
            let publicKey = [UInt8](repeating: byte, count: 1158)
            #expect(try SNTRUP761.encapsulate(to: publicKey, random: random).ciphertext.count == 1039)
        }
        for _ in 0..<20 {
            #expect(try key.decapsulate(random.randomBytes(1039)).count == 32)
            #expect(try SNTRUP761.encapsulate(to: random.randomBytes(1158), random: random).secret.count == 32)
        }
        for length in [0, 1, 1038, 1040] {
            expectError(.keyExchangeFailed) { try key.decapsulate(bytes(0..<length)) }
        }
        for length in [0, 1, 1157, 1159] {
            expectError(.keyExchangeFailed) { try SNTRUP761.encapsulate(to: bytes(0..<length), random: random) }
        }
    }

    @Test func numbersAreReducedToTheMiddle() {
        for x in stride(from: Int32(-(1 << 27)), to: 1 << 27, by: 9973) {
            let reduced = Int32(NTRUPrime.freeze(x))
            #expect((-2295...2295).contains(reduced) && (x - reduced) % 4591 == 0)
        }
        for x in [-2296, -2295, 2295, 2296, -4591, 4591, 0] as [Int32] {
            let reduced = Int32(NTRUPrime.freeze(x))
            #expect((-2295...2295).contains(reduced) && (x - reduced) % 4591 == 0)
        }
        for x in Int16(-16_383)...16_383 {
            let reduced = NTRUPrime.freeze3(x)
            #expect((-1...1).contains(reduced) && (x - reduced) % 3 == 0)
        }
        for x in [1, 2, -1, 2295, -2295, 1000] as [Int16] {
            #expect(NTRUPrime.freeze(Int32(NTRUPrime.reciprocal(x)) * Int32(x)) == 1)
        }
        #expect(NTRUPrime.nonzeroMask(0) == 0)
        for x in [1, -1, .max, .min] as [Int16] { #expect(NTRUPrime.nonzeroMask(x) == -1) }
    }

    @Test func productsAreThoseOfTheDefinition() {
        let random = SeededRandom(seed: 22)
        let (small, other) = (SmallPolynomial.uniform(random), SmallPolynomial.short(random))
        // As large as they may be: sums wrap if they are not reduced in time.
        let ring = RingPolynomial()
        for index in 0..<NTRUPrime.p { ring.coefficients.pointer[index] = index % 2 == 0 ? 2295 : -2295 }
        let ones = SmallPolynomial()
        for index in 0..<NTRUPrime.p { ones.coefficients.pointer[index] = index % 2 == 0 ? 1 : -1 }
        for factor in [small, other, ones] {
            #expect(ring.times(factor).list == Self.product(ring.list, factor.list, modulus: 4591))
            #expect(small.times(factor).list == Self.product(small.list, factor.list, modulus: 3))
        }
        #expect(ones.times(ones).list == Self.product(ones.list, ones.list, modulus: 3))
    }

    /// By the definition: term for term, modulo x^p - x - 1.
    private static func product(_ first: [Int], _ second: [Int], modulus: Int) -> [Int] {
        var sums = [Int](repeating: 0, count: 2 * 761 - 1)
        for (i, a) in first.enumerated() where a != 0 {
            for (j, b) in second.enumerated() { sums[i + j] += a * b }
        }
        for index in (761..<sums.count).reversed() {
            sums[index - 761] += sums[index]
            sums[index - 760] += sums[index]
        }
        return sums[..<761].map { sum in
            let remainder = (sum % modulus + modulus) % modulus
            return remainder > modulus / 2 ? remainder - modulus : remainder
        }
    }

    @Test func reciprocalsGiveOne() throws {
        let random = SeededRandom(seed: 23)
        let one = [1] + [Int](repeating: 0, count: 760)
        let short = SmallPolynomial.short(random)
        let third = short.thirdOfReciprocal()
        let tripled = third.times(short).list.map { Int(NTRUPrime.freeze(3 * Int32($0))) }
        #expect(tripled == one)
        var found = 0
        while found < 3 {
            let polynomial = SmallPolynomial.uniform(random)
            guard let reciprocal = polynomial.reciprocal() else { continue }
            #expect(reciprocal.times(polynomial).list == one)
            found += 1
        }
        #expect(SmallPolynomial().reciprocal() == nil)
    }

    @Test func uniformPolynomialsHaveAllThreeCoefficients() {
        let random = SeededRandom(seed: 26)
        let list = (0..<8).flatMap { _ in SmallPolynomial.uniform(random).list }
        #expect(Set(list) == [-1, 0, 1])
        for coefficient in -1...1 { #expect((1800...2260).contains(list.count { $0 == coefficient })) }
    }

    @Test func shortPolynomialsHaveTheirWeight() {
        let random = SeededRandom(seed: 24)
        for _ in 0..<5 {
            let short = SmallPolynomial.short(random)
            #expect(short.list.count { $0 != 0 } == 286)
            #expect(short.list.allSatisfy { abs($0) <= 1 })
            #expect(short.isShortMask == -1)
            let bytes = short.encoded().withBytes { Array($0) }
            let unpacked = (0..<761).map { (index: Int) -> Int in
                let bits = bytes[index / 4] >> UInt8(2 * (index % 4))
                return Int(bits & 3) - 1
            }
            #expect(short.list == unpacked)
        }
        #expect(SmallPolynomial().isShortMask == 0)
        #expect(SmallPolynomial.uniform(random).isShortMask == 0)
    }

    @Test func polynomialsSurviveTheirEncoding() {
        let random = SeededRandom(seed: 25)
        for seed in 0..<5 {
            let ring = RingPolynomial()
            for index in 0..<NTRUPrime.p {
                let word = random.randomBytes(2).reduce(0) { $0 << 8 | Int32($1) }
                ring.coefficients.pointer[index] =
                    seed == 0 ? 2295 : seed == 1 ? -2295 : NTRUPrime.freeze(word)
            }
            let encoded = ring.encoded()
            #expect(encoded.count == 1158)
            #expect(RingPolynomial(encoded: encoded).list == ring.list)
            let rounded = ring.roundedAndEncoded()
            #expect(rounded.count == 1007)
            let nearest = ring.list.map { (number: Int) -> Int in
                let remainder = (number % 3 + 3) % 3
                return remainder == 2 ? number + 1 : number - remainder
            }
            #expect(RingPolynomial(rounded: rounded).list == nearest)
        }
    }

    @Test(arguments: [0, 1, 2, 3, 4, 5, 7, 8, 9, 63, 64, 65, 761])
    func theNetworkSorts(count: Int) {
        let random = SeededRandom(seed: UInt64(count))
        for round in 0..<4 {
            var numbers = (0..<count).map { _ in random.randomBytes(4).reduce(UInt32(0)) { $0 << 8 | UInt32($1) } }
            if round == 1 { numbers = numbers.map { $0 % 3 } }
            if round == 2 { numbers.sort(by: >) }
            if round == 3 { numbers = numbers.map { $0 % 2 == 0 ? .max : 0 } }
            var sorted = numbers
            sorted.withUnsafeMutableBufferPointer { buffer in
                if let start = buffer.baseAddress { SortingNetwork.sort(start, count: count) }
            }
            #expect(sorted == numbers.sorted())
        }
    }
}

extension SmallPolynomial {
    fileprivate var list: [Int] { (0..<NTRUPrime.p).map { Int(self.coefficients.pointer[$0]) } }
}

extension RingPolynomial {
    fileprivate var list: [Int] { (0..<NTRUPrime.p).map { Int(self.coefficients.pointer[$0]) } }
}

extension [UInt8] {
    fileprivate var uppercaseHex: String {
        let digits = [Character]("0123456789ABCDEF")
        return self.map { "\(digits[Int($0 >> 4)])\(digits[Int($0 & 15)])" }.joined()
    }
}
