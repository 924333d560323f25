import COpenSSL
import SSHWire

/// One of libcrypto's numbers. It is zeroed when the last reference goes.
final class BigNumber {
    let pointer: OpaquePointer

    init() throws {
        self.pointer = try LibCrypto.check(BN_new(), "make a number")
    }

    /// A number given as big-endian bytes.
    init(_ bytes: [UInt8]) throws {
        self.pointer = try LibCrypto.check(BN_bin2bn(bytes, Int32(clamping: bytes.count), nil), "read a number")
    }

    /// Zero, to be changed into a number that takes part only in computations whose time does not depend on it, and of which
    /// libcrypto zeroes its copies.
    static func secret() throws -> BigNumber {
        let number = BigNumber(taking: try LibCrypto.check(BN_secure_new(), "make a number"))
        BN_set_flags(number.pointer, BN_FLG_CONSTTIME)
        return number
    }

    /// Such a number.
    static func secret(_ secret: SecretBytes) throws -> BigNumber {
        let result = try Self.secret()
        let number = secret.withPointer { BN_bin2bn($0, Int32(clamping: secret.count), result.pointer) }
        _ = try LibCrypto.check(number, "read a number")
        return result
    }

    /// Takes a number over.
    init(taking pointer: OpaquePointer) {
        self.pointer = pointer
    }

    deinit {
        BN_clear_free(self.pointer)
    }

    /// A secret number from 1 to `bound` - 1. FIPS 186-5 §A.2.1: 64 bits more than needed are reduced, which leaves no bias that
    /// could be noticed.
    static func secret(below bound: OpaquePointer, random: any RandomSource) throws -> BigNumber {
        let count = (Int(BN_num_bits(bound)) + 7) / 8 + 8
        let number = try BigNumber.secret(SecretBytes(bytes: random.randomBytes(count)))
        let largest = try LibCrypto.check(BN_dup(bound), "copy a number")
        defer { BN_free(largest) }
        let context = try NumberContext()
        try LibCrypto.check(BN_sub_word(largest, 1), "subtract")
        try LibCrypto.check(BN_nnmod(number.pointer, number.pointer, largest, context.pointer), "reduce a number")
        try LibCrypto.check(BN_add_word(number.pointer, 1), "add")
        return number
    }

    /// Bytes that the number needs.
    var byteCount: Int { (Int(BN_num_bits(self.pointer)) + 7) / 8 }

    /// Big-endian bytes with zeros before them.
    ///
    /// - Throws: `system` if the number needs more than `count`.
    func bytes(count: Int) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        guard BN_bn2binpad(self.pointer, &bytes, Int32(clamping: count)) == count else {
            throw LibCrypto.failure("write a number")
        }
        return bytes
    }

    /// The same for a number that nobody may see.
    func secretBytes(count: Int) throws -> SecretBytes {
        try SecretBytes.make(count: count) { target in
            guard BN_bn2binpad(self.pointer, target, Int32(clamping: count)) == count else {
                throw LibCrypto.failure("write a number")
            }
        }
    }
}

/// Room for libcrypto's intermediate results.
final class NumberContext {
    let pointer: OpaquePointer

    init() throws {
        self.pointer = try LibCrypto.check(BN_CTX_secure_new(), "make room for numbers")
    }

    deinit {
        BN_CTX_free(self.pointer)
    }
}
