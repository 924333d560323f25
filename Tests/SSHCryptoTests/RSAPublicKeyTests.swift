import SSHWire
import Testing

@testable import SSHCrypto

struct RSAPublicKeyTests {
    /// A number of so many bits, odd unless it is said otherwise. Nobody knows its factors, and nobody asks for them here.
    private static func modulus(bits: Int, last: UInt8 = 1) -> [UInt8] {
        let first = UInt8(1) << UInt8((bits - 1) % 8)
        return [first] + [UInt8](repeating: 0, count: (bits - 1) / 8 - 1) + [last]
    }

    private static func blob(exponent: [UInt8] = [1, 0, 1], modulus: [UInt8]) -> [UInt8] {
        var writer = WireWriter()
        writer.writeText("ssh-rsa")
        writer.writeUnsignedMPInt(exponent)
        writer.writeUnsignedMPInt(modulus)
        return writer.bytes
    }

    @Test(arguments: [1024, 1025, 2047, 2048, 8191, 8192])
    func aKeyOfAPermittedSizeIsCountedToTheBit(bits: Int) throws {
        #expect(try PublicKey(blob: Self.blob(modulus: Self.modulus(bits: bits))).rsaBits == bits)
    }

    @Test(arguments: [16, 512, 768, 1023, 8193, 8200, 16_384])
    func aKeyOfAnotherSizeIsRefused(bits: Int) {
        expectError(.invalidKey) { try PublicKey(blob: Self.blob(modulus: Self.modulus(bits: bits))) }
    }

    @Test func anEvenModulusIsRefused() {
        expectError(.invalidKey) { try PublicKey(blob: Self.blob(modulus: Self.modulus(bits: 2048, last: 2))) }
    }

    @Test(arguments: [[1], [2], [4], [1, 0, 0], [0xff, 0xff, 0xff, 0xfe], [1, 0, 0, 0, 1]] as [[UInt8]])
    func anExponentThatIsNotSaneIsRefused(exponent: [UInt8]) {
        let blob = Self.blob(exponent: exponent, modulus: Self.modulus(bits: 2048))
        expectError(.invalidKey) { try PublicKey(blob: blob) }
    }

    @Test(arguments: [[3], [17], [1, 0, 1], [0xff, 0xff, 0xff, 0xff]] as [[UInt8]])
    func anOddExponentIsTaken(exponent: [UInt8]) throws {
        _ = try PublicKey(blob: Self.blob(exponent: exponent, modulus: Self.modulus(bits: 2048)))
    }

    /// Some programs drop the leading zeros of a signature.
    @Test func aSignatureMayBeShorterThanTheKeyAndNotLonger() throws {
        let key = try RSAPrivateKey.generate(bits: 1024)
        let data = Array("data".utf8)
        var short: [UInt8]?
        // One in 256 begins with a zero.
        for number in 0..<20_000 where short == nil {
            let candidate = try key.sign(data + [UInt8(number >> 8), UInt8(number & 0xff)], algorithm: "rsa-sha2-256")
            var reader = WireReader(bytes: candidate)
            _ = try reader.readText()
            let content = try reader.readBytesString()
            guard content.first == 0 else { continue }
            short = content
            for (content, isRight) in [(content, true), (Array(content.dropFirst()), true), ([0] + content, false)] {
                var writer = WireWriter()
                writer.writeText("rsa-sha2-256")
                writer.writeString(content)
                let verified = try? key.publicKey.verify(
                    signature: writer.bytes,
                    over: data + [UInt8(number >> 8), UInt8(number & 0xff)],
                    algorithm: "rsa-sha2-256"
                )
                #expect((verified != nil) == isRight)
            }
        }
        #expect(short != nil)
    }
}
