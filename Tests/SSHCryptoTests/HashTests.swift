import Testing

@testable import SSHCrypto

struct HashTests {
    /// FIPS 180-4 examples.
    @Test func sha256Vectors() {
        #expect(
            SHA256Digest.hash([]) == hex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        )
        #expect(
            SHA256Digest.hash(Array("abc".utf8))
                == hex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        )
    }

    /// RFC 2202 §3.
    @Test func hmacSHA1Vectors() {
        let first = hmacSHA1(key: [UInt8](repeating: 0x0b, count: 20), data: Array("Hi There".utf8))
        #expect(first == hex("b617318655057264e28bc0b6fb378c8ef146be00"))
        let second = hmacSHA1(key: Array("Jefe".utf8), data: Array("what do ya want for nothing?".utf8))
        #expect(second == hex("effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"))
        let longKey = [UInt8](repeating: 0xaa, count: 80)
        let sixth = hmacSHA1(key: longKey, data: Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8))
        #expect(sixth == hex("aa4ae5e15272d00e95705637ce8a3b55ed402112"))
    }
}
