import SSHWire
import Testing

@testable import SSHCrypto

struct MACContextTests {
    /// RFC 4231 §4.2, §4.3, §4.7: key, data, HMAC-SHA-256, HMAC-SHA-512.
    static let vectors: [(key: [UInt8], data: [UInt8], sha256: String, sha512: String)] = [
        (
            [UInt8](repeating: 0x0b, count: 20), Array("Hi There".utf8),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
            """
            87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cde
            daa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854
            """
        ),
        (
            Array("Jefe".utf8), Array("what do ya want for nothing?".utf8),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            """
            164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554
            9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737
            """
        ),
        (
            [UInt8](repeating: 0xaa, count: 131),
            Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
            """
            80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f352
            6b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598
            """
        ),
    ]

    @Test(arguments: Self.vectors)
    func hmacVectorsOfTheRFC(key: [UInt8], data: [UInt8], sha256: String, sha512: String) throws {
        for algorithm in MACAlgorithm.allCases {
            let expected = algorithm.tagLength == 32 ? hex(sha256) : hex(sha512)
            let context = try MACContext(algorithm, key: SecretBytes(bytes: key))
            // The second time must give the same: the key stays, the data does not.
            for _ in 0..<2 {
                try context.start()
                try data.withUnsafeBytes { try context.update($0) }
                try expected.withUnsafeBytes { try context.finish(verifying: $0) }
            }
        }
    }

    /// RFC 8439 §2.5.2.
    @Test func poly1305VectorOfTheRFC() throws {
        let key = hex("85d6be7857556d337f4452fe42d506a80103808afb0db2fd4abff6af4149f51b")
        let tag = hex("a8061dc1305136c6c22b8baf0c0127a9")
        let context = try MACContext()
        for _ in 0..<2 {
            try key.withUnsafeBytes { try context.start(key: $0) }
            try Array("Cryptographic Forum Research Group".utf8).withUnsafeBytes { try context.update($0) }
            try tag.withUnsafeBytes { try context.finish(verifying: $0) }
        }
    }

    @Test func aWrongTagIsAnIntegrityError() throws {
        let context = try MACContext(.hmacSHA256ETM, key: SecretBytes(bytes: bytes(0..<32)))
        try context.start()
        expectError(.integrityCheckFailed) {
            try [UInt8](repeating: 0, count: 32).withUnsafeBytes { try context.finish(verifying: $0) }
        }
    }
}
