import NIOCore
import SSHWire
import Testing

@testable import SSHCrypto

/// Both libraries that have AES-GCM, piece by piece and against each other.
struct GCMCipherTests {
    private func cipher(_ library: GCMLibrary, key: [UInt8]) throws -> any GCMCipher {
        let algorithm: CipherAlgorithm = key.count == 16 ? .aes128GCM : .aes256GCM
        return try key.withUnsafeBytes { key in
            switch library {
            case .libcrypto: try CipherContext(FetchedCipher.cipher(for: algorithm), key: key, direction: .encrypt)
            case .boringSSL: try BoringSSLCipher(key: key, direction: .encrypt)
            }
        }
    }

    /// The GCM specification's test cases 4 and 16.
    @Test(
        arguments: GCMLibrary.allCases,
        [
            (
                "feffe9928665731c6d6a8f9467308308",
                """
                42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e
                21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091
                """,
                "5bc94fbc3221a5db94fae95ae7121a47"
            ),
            (
                "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
                """
                522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa
                8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662
                """,
                "76fc6ece0f4e1768cddf8853bb2d551b"
            ),
        ]
    )
    func vectors(library: GCMLibrary, vector: (key: String, ciphertext: String, tag: String)) throws {
        let plaintext = hex(
            """
            d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72
            1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39
            """
        )
        let associatedData = hex("feedfacedeadbeeffeedfacedeadbeefabaddad2")
        let cipher = try self.cipher(library, key: hex(vector.key))
        // One context for all: only the nonce is set again.
        for pieceLength in [1, 10, 16, 60] {
            try hex("cafebabefacedbaddecaf888").withUnsafeBytes { try cipher.start(initialVector: $0) }
            try associatedData.withUnsafeBytes { try cipher.updateAssociatedData($0) }
            #expect(try cipher.run(over: plaintext, pieceLength: pieceLength) == hex(vector.ciphertext))
            var computed = [UInt8](repeating: 0, count: 16)
            try computed.withUnsafeMutableBytes { try cipher.finish(tag: $0) }
            #expect(computed == hex(vector.tag))
        }
    }

    @Test(arguments: [CipherAlgorithm.aes128GCM, .aes256GCM])
    func bothLibrariesMakeTheSamePackets(cipher: CipherAlgorithm) throws {
        var sealers = try GCMLibrary.allCases.map {
            try PacketSuite(cipher: cipher, mac: nil, gcm: $0).sealer()
        }
        var openers = try GCMLibrary.allCases.map {
            try PacketSuite(cipher: cipher, mac: nil, gcm: $0).opener()
        }
        // Around the sizes at which an implementation changes its way of going through a packet.
        for length in [0, 1, 15, 16, 17, 255, 256, 257, 287, 288, 289, 1023, 1024, 1500, 4096, 32_768, 100_001] {
            let body = bytes(0..<length)
            let packets = try sealers.indices.map { try sealers[$0].seal(header: [94], body: body, sequenceNumber: 0) }
            #expect(packets[0] == packets[1])
            for index in openers.indices {
                #expect(try openers[index].open(packets[0], sequenceNumber: 0) == [94] + body)
            }
        }
    }

    @Test func aLibraryHasTheNameThatTheEnvironmentGivesIt() {
        #expect(GCMLibrary.named("libcrypto") == .libcrypto && GCMLibrary.named("boringssl") == .boringSSL)
        #expect([nil, "", "BoringSSL", "none"].allSatisfy { GCMLibrary.named($0) == nil })
    }

    @Test(arguments: [0, 15, 17, 24, 33])
    func aKeyOfAnotherLengthIsRefused(length: Int) {
        expectError(.misuse) {
            try bytes(0..<length).withUnsafeBytes { try BoringSSLCipher(key: $0, direction: .encrypt) }
        }
    }

    @Test func aNonceOrTagOfAnotherLengthIsRefused() throws {
        let cipher = try bytes(0..<16).withUnsafeBytes { try BoringSSLCipher(key: $0, direction: .decrypt) }
        for length in [0, 11, 13, 16] {
            expectError(.misuse) { try bytes(0..<length).withUnsafeBytes { try cipher.start(initialVector: $0) } }
        }
        for length in [0, 17] {
            expectError(.misuse) { try bytes(0..<length).withUnsafeBytes { try cipher.finish(verifying: $0) } }
        }
    }
}
