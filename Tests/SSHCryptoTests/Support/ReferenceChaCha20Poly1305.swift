/// chacha20-poly1305@openssh.com, straight from RFC 8439's description of its parts and OpenSSH's description of the
/// whole: slow, and sharing no code with what it checks.
enum ReferenceChaCha20Poly1305 {
    /// RFC 8439 §2.3; the last four words of the state are the caller's: counter and nonce.
    static func block(key: [UInt8], tail: [UInt32]) -> [UInt8] {
        let constants: [UInt32] = [0x6170_7865, 0x3320_646e, 0x7962_2d32, 0x6b20_6574]
        let start = constants + self.words(key) + tail
        var state = start
        for _ in 0..<10 {
            for (a, b, c, d) in [(0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15)] {
                self.quarterRound(&state, a, b, c, d)
            }
            for (a, b, c, d) in [(0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14)] {
                self.quarterRound(&state, a, b, c, d)
            }
        }
        return zip(state, start).flatMap { word, start in
            let sum = word &+ start
            return (0..<4).map { UInt8(truncatingIfNeeded: sum >> (8 * UInt32($0))) }
        }
    }

    /// RFC 8439 §2.5, on numbers of 17 bytes in the base 256.
    static func poly1305(key: [UInt8], message: [UInt8]) -> [UInt8] {
        let clamp: [Int: UInt8] = [3: 15, 7: 15, 11: 15, 15: 15, 4: 252, 8: 252, 12: 252]
        let r = (0..<16).map { UInt64(key[$0] & (clamp[$0] ?? 255)) }
        var accumulator = [UInt64](repeating: 0, count: 17)
        for start in stride(from: 0, to: message.count, by: 16) {
            let piece = Array(message[start..<min(start + 16, message.count)]) + [1]
            for (index, byte) in piece.enumerated() { accumulator[index] += UInt64(byte) }
            // The product has the digits 0 to 32; 2^136 = 2^6 * 2^130 is 2^6 * 5 modulo 2^130 - 5.
            var product = [UInt64](repeating: 0, count: 33)
            for i in 0..<17 {
                for j in 0..<16 { product[i + j] += accumulator[i] * r[j] }
            }
            for index in 0..<17 {
                accumulator[index] = product[index] + (index + 17 < 33 ? 320 * product[index + 17] : 0)
            }
            self.carry(&accumulator)
            self.carry(&accumulator)
        }
        // Fully reduced: subtract the prime if the number is not below it.
        var difference = accumulator
        difference[0] += 5
        self.carryWithoutReduction(&difference)
        if difference[16] >= 4 {
            difference[16] -= 4
            accumulator = difference
        }
        var sum = (0..<16).map { accumulator[$0] + UInt64(key[16 + $0]) }
        for index in 0..<15 {
            sum[index + 1] += sum[index] >> 8
        }
        return sum.map { UInt8(truncatingIfNeeded: $0) }
    }

    /// OpenSSH's PROTOCOL.chacha20poly1305. `plaintext` is all that follows the length field.
    static func seal(key: [UInt8], sequenceNumber: UInt32, plaintext: [UInt8]) -> [UInt8] {
        let main = Array(key[..<32])
        let header = Array(key[32...])
        let length = (0..<4).map { UInt8(truncatingIfNeeded: plaintext.count >> (24 - 8 * $0)) }
        let encryptedLength = self.xor(length, key: header, sequenceNumber: sequenceNumber, counter: 0)
        let encrypted = self.xor(plaintext, key: main, sequenceNumber: sequenceNumber, counter: 1)
        let zeros = [UInt8](repeating: 0, count: 32)
        let polyKey = self.xor(zeros, key: main, sequenceNumber: sequenceNumber, counter: 0)
        let packet = encryptedLength + encrypted
        return packet + self.poly1305(key: polyKey, message: packet)
    }

    private static func xor(_ bytes: [UInt8], key: [UInt8], sequenceNumber: UInt32, counter: UInt32) -> [UInt8] {
        var result: [UInt8] = []
        for (index, byte) in bytes.enumerated() {
            // A nonce of eight bytes: zeros, then the sequence number, big-endian.
            let tail = [counter + UInt32(index / 64), 0, 0, sequenceNumber.byteSwapped]
            if index % 64 == 0 { result += self.block(key: key, tail: tail) }
            result[index] ^= byte
        }
        return Array(result.prefix(bytes.count))
    }

    private static func words(_ bytes: [UInt8]) -> [UInt32] {
        stride(from: 0, to: bytes.count, by: 4).map { start in
            (0..<4).reduce(UInt32(0)) { $0 | UInt32(bytes[start + $1]) << (8 * UInt32($1)) }
        }
    }

    private static func quarterRound(_ state: inout [UInt32], _ a: Int, _ b: Int, _ c: Int, _ d: Int) {
        func step(_ x: Int, _ y: Int, _ z: Int, _ shift: UInt32) {
            state[x] &+= state[y]
            let mixed = state[z] ^ state[x]
            state[z] = mixed << shift | mixed >> (32 - shift)
        }
        step(a, b, d, 16)
        step(c, d, b, 12)
        step(a, b, d, 8)
        step(c, d, b, 7)
    }

    private static func carry(_ digits: inout [UInt64]) {
        self.carryWithoutReduction(&digits)
        // What stands above 2^130 comes back five times.
        digits[0] += 5 * (digits[16] >> 2)
        digits[16] &= 3
        self.carryWithoutReduction(&digits)
    }

    private static func carryWithoutReduction(_ digits: inout [UInt64]) {
        for index in 0..<16 {
            digits[index + 1] += digits[index] >> 8
            digits[index] &= 255
        }
    }
}
