import SSHWire
import Testing

@testable import SSHCrypto

/// Which signatures a public key takes, whatever they are signatures of.
struct SignatureTests {
    private static let data = Array("what is signed".utf8)
    private static let algorithms = ["rsa-sha2-512", "rsa-sha2-256"]

    /// The blob of a signature under another name.
    private static func labelled(_ name: String, _ signature: [UInt8]) throws -> [UInt8] {
        var reader = WireReader(bytes: signature)
        _ = try reader.readText()
        var writer = WireWriter()
        writer.writeText(name)
        writer.writeBytes(reader.readRemaining())
        return writer.bytes
    }

    @Test func theAlgorithmIsTheOneThatWasDeclared() throws {
        let key = try RSAPrivateKey.generate(bits: 2048)
        for (used, declared) in zip(Self.algorithms, Self.algorithms.reversed()) {
            let signature = try key.sign(Self.data, algorithm: used)
            try key.publicKey.verify(signature: signature, over: Self.data, algorithm: used)
            // As it is named in the blob.
            expectError(.protocolViolation) {
                try key.publicKey.verify(signature: signature, over: Self.data, algorithm: declared)
            }
            // As it was made.
            let relabelled = try Self.labelled(declared, signature)
            expectError(.invalidKey) {
                try key.publicKey.verify(signature: relabelled, over: Self.data, algorithm: declared)
            }
        }
    }

    /// SHA-1 and the algorithms of other keys, declared and named alike.
    @Test(arguments: ["ssh-rsa", "ssh-ed25519", "rsa-sha2-512-cert-v01@openssh.com", ""])
    func aKeyTakesItsOwnAlgorithmsAlone(name: String) throws {
        let key = try RSAPrivateKey.generate(bits: 2048)
        let signature = try Self.labelled(name, key.sign(Self.data, algorithm: "rsa-sha2-512"))
        expectError(.invalidKey) { try key.publicKey.verify(signature: signature, over: Self.data, algorithm: name) }
        expectError(.misuse) { try key.sign(Self.data, algorithm: name) }
    }

    @Test(arguments: [
        PrivateKey.Kind.ed25519, .ecdsa(bits: 256), .ecdsa(bits: 384), .ecdsa(bits: 521), .rsa(bits: 2048),
    ])
    func anythingBehindASignatureMakesItWrong(kind: PrivateKey.Kind) throws {
        let key = try PrivateKey.generate(kind, random: SystemRandom())
        let algorithm = try #require(key.publicKey.signatureAlgorithms.first)
        let signature = try key.sign(Self.data, algorithm: algorithm)
        try key.publicKey.verify(signature: signature, over: Self.data, algorithm: algorithm)
        expectError(of: [.protocolViolation, .invalidKey]) {
            try key.publicKey.verify(signature: signature + [0], over: Self.data, algorithm: algorithm)
        }
        expectError(.invalidKey) {
            try key.publicKey.verify(signature: signature, over: Self.data + [0], algorithm: algorithm)
        }
    }
}
