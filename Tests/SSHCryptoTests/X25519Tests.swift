import SSHWire
import Testing

@testable import SSHCrypto

struct X25519Tests {
    /// RFC 7748 §6.1.
    @Test func keyAgreementOfTheRFC() throws {
        let alice = SecretBytes(bytes: hex("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a"))
        let bob = SecretBytes(bytes: hex("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb"))
        let alicePublic = hex("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a")
        let bobPublic = hex("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f")
        let shared = SecretBytes(bytes: hex("4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"))
        #expect(try X25519(privateKey: alice).publicKey == alicePublic)
        #expect(try X25519(privateKey: bob).publicKey == bobPublic)
        #expect(try X25519(privateKey: alice).sharedSecret(peer: bobPublic) == shared)
        #expect(try X25519(privateKey: bob).sharedSecret(peer: alicePublic) == shared)
    }

    /// RFC 7748 §5.2. The second has the top bit of its coordinate set, which must be ignored.
    @Test(arguments: [
        (
            "a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
            "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
            "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552"
        ),
        (
            "4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d",
            "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493",
            "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957"
        ),
    ])
    func scalarMultiplicationOfTheRFC(scalar: String, coordinate: String, result: String) throws {
        let secret = try X25519(privateKey: SecretBytes(bytes: hex(scalar))).sharedSecret(peer: hex(coordinate))
        #expect(secret == SecretBytes(bytes: hex(result)))
    }

    /// The points of small order on the curve and its twist, and the same not reduced: each makes an all-zero secret.
    static let smallOrder = [
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    ]

    @Test(arguments: Self.smallOrder, [UInt8(0), 0x80])
    func pointsOfSmallOrderAreRefused(point: String, topBit: UInt8) {
        var peer = hex(point)
        peer[31] |= topBit
        let privateKey = SecretBytes(bytes: bytes(1..<33))
        expectError(.keyExchangeFailed) { try X25519(privateKey: privateKey).sharedSecret(peer: peer) }
    }

    @Test(arguments: [0, 1, 31, 33, 64])
    func pointsOfAnotherLengthAreRefused(length: Int) {
        let privateKey = SecretBytes(bytes: bytes(1..<33))
        expectError(.keyExchangeFailed) { try X25519(privateKey: privateKey).sharedSecret(peer: bytes(0..<length)) }
    }
}
