import SSHWire
import Testing

@testable import SSHCrypto

struct ECDHTests {
    /// Computed from the curves' equations (SEC 2) with another implementation; the scalar comes of bytes of 0x5a, and the peer's
    /// point is seven times the generator.
    static let known: [(EllipticCurve, publicKey: String, peer: String, secret: String)] = [
        (
            .nistp256,
            """
            04e0f3cc09574a71367c8b19153a7582eee5ffe5193e7d06ee1a38cfc3469cb6
            eb2b71458cb59427577f8d19a3bb1507c4bab962f63dbf74fea6a0884f5028d21f
            """,
            """
            048e533b6fa0bf7b4625bb30667c01fb607ef9f8b8a80fef5b300628703187b2
            a373eb1dbde03318366d069f83a6f5900053c73633cb041b21c55e1a86c1f400b4
            """,
            "d5499b16bacc714affd39d6a015b0f1ba7fb43644ce14d7387700570fc211ed1"
        ),
        (
            .nistp384,
            """
            041386a7ffe1b353688f123e3db5e7e42e7f93dae1d2c658a3a469db5970513d
            8a10e679f768ddcd1451f78e24ce09cbb5c9d7ce4332d3bf95fe8cc043f02950
            45f7ff38c33d4fdad6e191ea464f44451dac80911b5353e452308ec2dd27d26bdf
            """,
            """
            04283c1d7365ce4788f29f8ebf234edffead6fe997fbea5ffa2d58cc9dfa7b1c
            508b05526f55b9ebb2040f05b48fb6d0e19475c99061e41b88ba52efdb8c1690
            471a61d867ed799729d9c92cd01dbd225630d84ede32a78f9e64664cdac512ef8c
            """,
            """
            65e810e519e35ecfb27b133d06fac3f40ceac1e5de0abe277b86e44e89dc126d
            7943583d1180011fc27b55bb5aa5e266
            """
        ),
        (
            .nistp521,
            """
            0400d96ab081b6b1824c33a0e412f70fe8fd401403d0386bfaef35cec0ebf984
            4b15930a0b8603fae8bc8316f4cc78486240a0206fa417bfd60ed6f166fce787
            775a2801e2af670d698cc84e8482eb42e849d9b339d737e29891da3d0edc3263
            438379b6e54af05572eb8750c58ef87d231be41397f1de7d24ba3da09594dbb8
            51d46838d9
            """,
            """
            040056d5d1d99d5b7f6346eeb65fda0b073a0c5f22e0e8f5483228f018d2c2f7
            114c5d8c308d0abfc698d8c9a6df30dce3bbc46f953f50fdc2619a01cead8828
            16ecd4003d2d1b7d9baaa2a110d1d8317a39d68478b5c582d02824f0dd71dbd9
            8a26cbde556bd0f293cdec9e2b9523a34591ce1a5f9e76712a5ddefc7b5c6b8b
            c90525251b
            """,
            """
            00b050531aaa68a9f2c38e9002aad8516b7b7a55679abcfb28b2297343ff9e83
            30ebdc4bee54d7cd22a5231cede324e3fc6533fa5a18497c1302169af9c58832
            5058
            """
        ),
    ]

    @Test(arguments: Self.known)
    func knownValues(curve: EllipticCurve, publicKey: String, peer: String, secret: String) throws {
        let key = try ECDHKey(curve, random: FixedRandom(0x5a))
        #expect(key.publicKey == hex(publicKey))
        #expect(try key.sharedSecret(peer: hex(peer)) == SecretBytes(bytes: hex(secret)))
    }

    @Test(arguments: EllipticCurve.allCases)
    func whatIsNoUncompressedPointOfTheCurveIsRefused(curve: EllipticCurve) throws {
        let key = try ECDHKey(curve, random: SeededRandom(seed: 1))
        let peer = try ECDHKey(curve, random: SeededRandom(seed: 2)).publicKey
        let compressed = [2 + (peer.last ?? 0) & 1] + peer[1...curve.coordinateLength]
        var offCurve = peer
        offCurve[peer.count - 1] ^= 1
        var hybrid = peer
        hybrid[0] = 6 + (peer.last ?? 0) & 1
        let zero = [4] + [UInt8](repeating: 0, count: 2 * curve.coordinateLength)
        let tooLarge = [4] + [UInt8](repeating: 0xff, count: 2 * curve.coordinateLength)
        for bad in [
            [], [0], [4], Array(compressed), offCurve, hybrid, zero, tooLarge, Array(peer.dropLast()), peer + [0],
        ] as [[UInt8]] {
            expectError(.keyExchangeFailed) { try key.sharedSecret(peer: bad) }
        }
        for other in EllipticCurve.allCases where other != curve {
            let point = try ECDHKey(other, random: SeededRandom(seed: 3)).publicKey
            expectError(.keyExchangeFailed) { try key.sharedSecret(peer: point) }
        }
    }
}
