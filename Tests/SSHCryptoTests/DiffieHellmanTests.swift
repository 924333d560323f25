import COpenSSL
import SSHWire
import Testing

@testable import SSHCrypto

/// The expected values were computed from the definitions of RFC 3526 with another implementation of numbers.
struct DiffieHellmanTests {
    static let groups: [DiffieHellmanGroup] = [.group14, .group16, .group18]

    @Test(
        arguments: [
            (
                DiffieHellmanGroup.group14, 256, "365fb6f99667e5d778f50dbd6c42b4bafb70f6eacb9c486278e9932281b9e0ea",
                "08e8d085ce2adc4b380466cc46115d8a40bbd41559f651562d2df7c914e99c9a"
            ),
            (
                .group16, 512, "bf6766d7ef5a8a773cb797ef295c6364f102a7d955ebba3c23c07f2ce0040d07",
                "20bfe3c4d6ec660255429a249a70a43c4efccd3d8b735996e83b6f6d1b080ee0"
            ),
            (
                .group18, 1025, "900739e73e5bc802dfbc550390580dbbdf30fd295fd631f8a2708598a74a83bb",
                "742b5ca2cfcf861b62146edcaa7151163e1406616c063c6bedc4d5971e7f7fd0"
            ),
        ]
    )
    func knownValues(group: DiffieHellmanGroup, length: Int, value: String, secret: String) throws {
        let key = try DiffieHellmanKey(group, random: FixedRandom(0x5a))
        #expect(key.publicValue.count == length)
        #expect(SHA256Digest.hash(key.publicValue) == hex(value))
        let shared = try key.sharedSecret(peer: [3])
        #expect(shared.count == group.length)
        #expect(shared.withBytes { SHA256Digest.hash(Array($0)) } == hex(secret))
    }

    @Test(arguments: Self.groups)
    func valuesOutOfRangeAndInAnotherFormAreRefused(group: DiffieHellmanGroup) throws {
        let key = try DiffieHellmanKey(group, random: SeededRandom(seed: 1))
        let prime = try Self.bytes(try #require(group.prime), group.length)
        func value(_ offset: Int) -> [UInt8] {
            // The prime ends in 64 bits of ones.
            var bytes = [0] + prime
            if offset > 0 {
                for index in bytes.indices.suffix(8) { bytes[index] = 0 }
                bytes[bytes.count - 9] += 1
                bytes[bytes.count - 1] = UInt8(offset - 1)
            } else {
                bytes[bytes.count - 1] -= UInt8(-offset)
            }
            return bytes
        }
        for bad in [
            [], [0], [1], [0x80], [0xff], [0, 2], [0, 0, 0x80], value(-1), value(0), value(1), value(2),
            value(-2) + [0],
            [1] + value(-2), [UInt8](repeating: 0x7f, count: 4096),
        ] as [[UInt8]] {
            expectError(.keyExchangeFailed) { try key.sharedSecret(peer: bad) }
        }
        for good in [[2], [3], [0, 0x80], value(-2), value(-3)] as [[UInt8]] {
            #expect(try key.sharedSecret(peer: good).count == group.length)
        }
    }

    private static func bytes(_ number: OpaquePointer, _ count: Int) throws -> [UInt8] {
        // p = 2^n - 2^(n - 64) - 1 + 2^64 * (...): what the definition begins and ends with is checked here.
        var bytes = [UInt8](repeating: 0, count: count)
        try #require(BN_bn2binpad(number, &bytes, Int32(count)) == count)
        #expect(bytes.prefix(8).allSatisfy { $0 == 0xff } && bytes.suffix(8).allSatisfy { $0 == 0xff })
        return bytes
    }

    @Test(arguments: Self.groups)
    func exponentsHaveOneLengthAndDiffer(group: DiffieHellmanGroup) throws {
        let random = SystemRandom()
        let values = try (0..<3).map { _ in try DiffieHellmanKey(group, random: random).publicValue }
        #expect(Set(values).count == 3)
    }
}
