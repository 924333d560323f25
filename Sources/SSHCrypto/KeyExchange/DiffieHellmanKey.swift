import COpenSSL
import SSHWire

/// The groups of RFC 3526: a safe prime and the generator 2.
enum DiffieHellmanGroup: Sendable {
    case group14
    case group16
    case group18

    /// Bytes of the prime, and of a value.
    var length: Int {
        switch self {
        case .group14: 256
        case .group16: 512
        case .group18: 1024
        }
    }

    var prime: OpaquePointer? {
        switch self {
        case .group14: Self.prime14
        case .group16: Self.prime16
        case .group18: Self.prime18
        }
    }

    // A number is only read once it is made, which threads may do at the same time.
    nonisolated(unsafe) private static let prime14 = BN_get_rfc3526_prime_2048(nil)
    nonisolated(unsafe) private static let prime16 = BN_get_rfc3526_prime_4096(nil)
    nonisolated(unsafe) private static let prime18 = BN_get_rfc3526_prime_8192(nil)
}

/// One side of Diffie-Hellman (RFC 4253 §8, RFC 8268).
struct DiffieHellmanKey {
    /// Bytes of the exponent: twice the 256 bits that the best of the ciphers has, and more than RFC 3526 §8 asks for.
    private static let exponentLength = 64

    /// e or f: the content of an mpint.
    let publicValue: [UInt8]
    private let group: DiffieHellmanGroup
    private let exponent: BigNumber

    /// A key for one key exchange.
    init(_ group: DiffieHellmanGroup, random: any RandomSource) throws {
        var exponent = random.randomBytes(Self.exponentLength)
        // All exponents have one length: the time of a multiplication goes by it.
        exponent[0] |= 0x80
        self.group = group
        self.exponent = try BigNumber.secret(SecretBytes(bytes: exponent))
        let value = try Self.power(try BigNumber([2]), self.exponent, group)
        self.publicValue = Self.integer(try value.bytes(count: group.length))
    }

    /// K, big-endian and as long as the prime.
    ///
    /// - Parameter peer: f or e, the content of an mpint.
    /// - Throws: `keyExchangeFailed` unless it is from 2 to p - 2: the others have a small order.
    func sharedSecret(peer: [UInt8]) throws -> SecretBytes {
        let prime = try LibCrypto.check(self.group.prime, "make a group")
        let number = try BigNumber(try Self.number(peer, limit: self.group.length))
        let largest = try LibCrypto.check(BN_dup(prime), "copy a number")
        defer { BN_free(largest) }
        try LibCrypto.check(BN_sub_word(largest, 2), "subtract")
        guard BN_num_bits(number.pointer) > 1, BN_cmp(number.pointer, largest) <= 0 else {
            throw SSHError(.keyExchangeFailed, "a Diffie-Hellman public value is out of range")
        }
        return try Self.power(number, self.exponent, self.group).secretBytes(count: self.group.length)
    }

    private static func power(
        _ base: BigNumber,
        _ exponent: BigNumber,
        _ group: DiffieHellmanGroup
    ) throws -> BigNumber {
        let prime = try LibCrypto.check(group.prime, "make a group")
        let (power, context) = (try BigNumber(), try NumberContext())
        let result = BN_mod_exp_mont_consttime(
            power.pointer,
            base.pointer,
            exponent.pointer,
            prime,
            context.pointer,
            nil
        )
        try LibCrypto.check(result, "raise a number")
        return power
    }

    /// The content of an mpint (RFC 4251 §5).
    private static func integer(_ bytes: [UInt8]) -> [UInt8] {
        var writer = WireWriter()
        writer.writeUnsignedMPInt(bytes)
        return Array(writer.bytes.dropFirst(4))
    }

    /// Both sides hash an integer as an mpint, so one in another form than the shortest would give another hash to each.
    private static func number(_ integer: [UInt8], limit: Int) throws -> [UInt8] {
        var writer = WireWriter()
        writer.writeString(integer)
        var reader = WireReader(writer.buffer)
        return try SSHError.rethrowing(as: .keyExchangeFailed) { try reader.readUnsignedMPInt(limit: limit) }
    }
}
