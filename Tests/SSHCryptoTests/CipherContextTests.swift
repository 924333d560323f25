import SSHWire
import Testing

@testable import SSHCrypto

struct CipherContextTests {
    /// NIST SP 800-38A, F.5.1, F.5.3 and F.5.5.
    @Test(arguments: [
        (
            CipherAlgorithm.aes128CTR, "2b7e151628aed2a6abf7158809cf4f3c",
            "874d6191b620e3261bef6864990db6ce9806f66b7970fdff8617187bb9fffdff"
        ),
        (
            .aes192CTR, "8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b",
            "1abc932417521ca24f2b0459fe7e6e0b090339ec0aa6faefd5ccc2c6f4ce8e94"
        ),
        (
            .aes256CTR, "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4",
            "601ec313775789a5b7a7f504bbf3d228f443e3ca4d62b59aca84e990cacaf5c5"
        ),
    ])
    func counterModeVectors(algorithm: CipherAlgorithm, key: String, ciphertext: String) throws {
        let plaintext = hex("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51")
        for pieceLength in [1, 7, 16, 32] {
            let context = try hex(key).withUnsafeBytes { key in
                try hex("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff").withUnsafeBytes { counter in
                    try CipherContext(
                        FetchedCipher.cipher(for: algorithm),
                        key: key,
                        initialVector: counter,
                        direction: .encrypt
                    )
                }
            }
            #expect(try context.run(over: plaintext, pieceLength: pieceLength) == hex(ciphertext))
        }
    }

    @Test func aKeyOfAnotherLengthIsRefused() {
        for length in [0, 15, 17, 32] {
            expectError(.misuse) {
                try bytes(0..<length).withUnsafeBytes {
                    try CipherContext(FetchedCipher.cipher(for: .aes128GCM), key: $0, direction: .encrypt)
                }
            }
        }
    }
}
