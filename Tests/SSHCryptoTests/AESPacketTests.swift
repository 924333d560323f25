import NIOCore
import SSHWire
import Testing

@testable import SSHCrypto

/// Packets of the AES ciphers. The expected bytes were computed from RFC 5647, RFC 4344, RFC 4253 §6.4 and OpenSSH's PROTOCOL with
/// another implementation of AES, GCM and HMAC.
struct AESPacketTests {
    @Test(arguments: [
        (
            CipherAlgorithm.aes128GCM,
            [
                "000000201a1ae77139dc607234f436badc0ca0794a9f3226f891ad1782eb8f113eeb42f87aa3c83ab479ed9c83357f165b4a6207",
                "00000020ab0546f6d0b53d63fcf3f7b477ddc2e652ce37e94041169bd94b51921ea15dd389b4edde5bf9e4cb0a80d45a3f521e4a",
            ]
        ),
        (
            .aes256GCM,
            [
                "00000020620642027f3ed77298fffe9085466fb81ff148d02b5d15c20c0c69fa0369885de1cf44604538580a0011877c68372a6a",
                "00000020660aad53aebf361c9d6dc00fd238ddfce688173ab42d764ab8d5e9f20890dcc813b4c416640e629ee4cae729215d96fa",
            ]
        ),
    ])
    func knownGCMPackets(cipher: CipherAlgorithm, expected: [String]) throws {
        let keys = PacketSuite(cipher: cipher, mac: nil).keys(initialVector: bytes(0xf0..<0xfc))
        for library in GCMLibrary.allCases {
            var sealer = try PacketSealer(keys, gcm: library)
            for packet in expected {
                // The sequence number is no part of the nonce.
                let sealed = try sealer.seal(header: bytes(0..<9), body: bytes(9..<20), sequenceNumber: 1234)
                #expect(sealed.array == hex(packet))
            }
        }
    }

    @Test(arguments: [
        (
            PacketSuite(cipher: .aes128CTR, mac: .hmacSHA256ETM),
            [
                """
                00000020a726581e0c8fdd08e0cfeaa8da42262cf76dca5b6f9328463c1c3ba7
                5027bad3e5e5f22bad1bf9def0eaf8409d865206890e0511d04f4ee0048d7b1e76f6a5b7
                """,
                """
                00000020bfcbfedd81b90ee2413bee5b96202ec9056789ba7b91c8f6727c42f4
                ad1c2abc25884039a3d8480a593372e99c265a20d11a9bf99663cf7bd5727005d1326905
                """,
            ]
        ),
        (
            PacketSuite(cipher: .aes192CTR, mac: .hmacSHA512ETM),
            [
                """
                000000209d63feef016771d0bd026fee8adbb1050ee5370acaabecdd14badd8c
                99810e9a2b1be791e9f195c0d29e29f3e57b6937e177e058ec950b1f55f0a25b
                005f94d04a4229fbd4bb21b6b4a5f190b2fd0cf6184099ad5a84f7726f194f1812bbf2a7
                """,
                """
                000000201dd1c1f593abe6cf992b436b4ee07e7df0330becc25bb8dbfa102751
                3319648766a26206979d2f48fe33aafb5c627107a0799678c9868834ef2c4ad0
                14a0689ca5eeb76872fff5bf6399c221d1d6775c77e52c2242a24f9b5a6d126f20dd68c5
                """,
            ]
        ),
        (
            PacketSuite(cipher: .aes256CTR, mac: .hmacSHA256ETM),
            [
                """
                00000020bbb0f479c893b285a65b86fd859665ccf195a2707d36268e3ff4fc94
                64b3616a7fe9771a4e8bc54907fb235032fa9d06e941e90b1897b42b637c8b1f3b7e8179
                """,
                """
                000000204d336df63f0fef36f980b2220060a57b26dba9cdbe4b553bea423368
                57bd5a1a2b0d2d2c1acfcd47796ba1b31a3820acc2a5af31ce9084715fd41e1862a55114
                """,
            ]
        ),
        (
            PacketSuite(cipher: .aes128CTR, mac: .hmacSHA256),
            [
                """
                ac265900088bd90ce4c3e6a4d6462228f371d64773d9630e751c3ba75027bad3
                141630be123803e2385fe171072e7db396a89439c0e1f11bd5326a870c88c3e5
                """,
                """
                b4cbffc385bd0ae64537e2579a242acd017b95a667db83be3b7c42f4ad1c2abc
                b852d67dc79800022175b045f9a6d0ec3d90364ac65a8a5b73a78b71df218efa
                """,
            ]
        ),
        (
            PacketSuite(cipher: .aes192CTR, mac: .hmacSHA512),
            [
                """
                9663fff1056375d4b90e63e286dfb5010af92b16d6e1a7955dbadd8c99810e9a
                e333a998ce37f8558b583b88c7b3c195f4820494f10dcd033abe0f076e56399c
                fe511a13afa145c2b033bba33a0cba0e17b2ee557df580c6143104b0382205fc
                """,
                """
                16d1c0eb97afe2cb9d274f6742e47a79f42f17f0de11f393b310275133196487
                b0dfa75a2b78d1b0905f926dffa8f71460d28a11ffbfb8eabd162f3274b238aa
                ce41301b9204b5b720c77f3999efa5a54f5a66a55f9302a877f20732916fed9b
                """,
            ]
        ),
        (
            PacketSuite(cipher: .aes256CTR, mac: .hmacSHA256),
            [
                """
                b0b0f567cc97b681a2578af1899261c8f589be6c617c6dc676f4fc9464b3616a
                141630be123803e2385fe171072e7db396a89439c0e1f11bd5326a870c88c3e5
                """,
                """
                46336ce83b0beb32fd8cbe2e0c64a17f22c7b5d1a2011e73a342336857bd5a1a
                b852d67dc79800022175b045f9a6d0ec3d90364ac65a8a5b73a78b71df218efa
                """,
            ]
        ),
    ])
    func knownCounterModePackets(suite: PacketSuite, expected: [String]) throws {
        var sealer = try suite.sealer()
        var sequenceNumber = UInt32.max
        for packet in expected {
            let sealed = try sealer.seal(header: bytes(0..<9), body: bytes(9..<20), sequenceNumber: sequenceNumber)
            #expect(sealed.array == hex(packet))
            sequenceNumber &+= 1
        }
    }

    @Test func theInvocationCounterWrapsAroundAsInOpenSSH() throws {
        let nonce: [UInt8] = [1, 2, 3, 4] + [UInt8](repeating: 0xff, count: 8)
        let keys = PacketSuite(cipher: .aes256GCM, mac: nil).keys(initialVector: nonce)
        var sealer = try PacketSealer(keys)
        var opener = try PacketOpener(keys)
        for _ in 0..<3 {
            let packet = try sealer.seal(body: bytes(0..<50), sequenceNumber: 0)
            #expect(try opener.open(packet, sequenceNumber: 0) == bytes(0..<50))
        }
        // The second packet had a counter of zero.
        let second = PacketSuite(cipher: .aes256GCM, mac: nil)
            .keys(initialVector: [1, 2, 3, 4] + [UInt8](repeating: 0, count: 8))
        var original = try PacketSealer(keys)
        var wrapped = try PacketSealer(second)
        _ = try original.seal(body: [1], sequenceNumber: 0)
        #expect(try original.seal(body: [2], sequenceNumber: 0) == wrapped.seal(body: [2], sequenceNumber: 0))
    }

    /// A nonce that comes again under the same key gives both packets away.
    @Test func aKeySealsAndOpensNothingMoreOnceItsNoncesAreUsedUp() throws {
        let keys = PacketSuite(cipher: .aes256GCM, mac: nil).keys()
        func cipher(_ direction: CipherContext.Direction) throws -> AESGCM<CipherContext> {
            let gcm = try AESGCM(keys) {
                try CipherContext(FetchedCipher.cipher(for: .aes256GCM), key: $0, direction: direction)
            }
            gcm.invocation = gcm.firstInvocation &- 1
            return gcm
        }
        let (sealing, opening) = (try cipher(.encrypt), try cipher(.decrypt))
        var packet = bytes(0..<36)
        try packet.withUnsafeMutableBytes { bytes in
            let outgoing = OutgoingPacket(
                bytes: bytes,
                body: UnsafeRawBufferPointer(start: nil, count: 0),
                bodyOffset: 5,
                tagLength: 16
            )
            try sealing.seal(outgoing)
            expectError(.limitExceeded) { try sealing.seal(outgoing) }
        }
        try packet.withUnsafeMutableBytes { bytes in
            let incoming = IncomingPacket(bytes: bytes, tagLength: 16)
            try opening.open(incoming)
            expectError(.limitExceeded) { try opening.open(incoming) }
        }
        #expect(Array(packet[..<20]) == bytes(0..<20))
    }
}
