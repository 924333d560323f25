import NIOCore
import SSHWire
import Testing

@testable import SSHCrypto

@Suite(.enabled(if: KeyGenerator.isInstalled))
struct PrivateKeyFileTests {
    /// Type, bits, and the forms in which ssh-keygen writes such keys.
    static let files: [(type: String, bits: Int, forms: [String])] = [
        ("ed25519", 256, ["RFC4716"]), ("ecdsa", 256, forms), ("ecdsa", 384, forms), ("ecdsa", 521, forms),
        ("rsa", 1024, forms), ("rsa", 2048, forms), ("rsa", 3072, ["RFC4716"]),
    ]
    private static let forms = ["RFC4716", "PEM", "PKCS8"]
    private let generator: KeyGenerator

    init() throws {
        self.generator = try KeyGenerator()
    }

    private func generate(_ type: String, _ bits: Int, _ form: String, passphrase: String = "", to name: String) throws
    {
        try self.generator.run(
            "-q",
            "-t",
            type,
            "-b",
            "\(bits)",
            "-m",
            form,
            "-N",
            passphrase,
            "-C",
            "a comment",
            "-f",
            name
        )
    }

    @Test(arguments: Self.files)
    func filesOfSSHKeygenAreRead(type: String, bits: Int, forms: [String]) throws {
        for form in forms {
            try self.generate(type, bits, form, to: form)
            let (key, comment) = try PrivateKeyFile.parse(try self.generator.read(form))
            #expect(key.publicKey == (try PublicKey(openSSHLine: self.generator.readText("\(form).pub"))))
            #expect(comment == (form == "RFC4716" ? "a comment" : ""))
            for algorithm in key.publicKey.signatureAlgorithms {
                let signature = try key.sign([1, 2, 3], algorithm: algorithm)
                try key.publicKey.verify(signature: signature, over: [1, 2, 3], algorithm: algorithm)
                expectError(.invalidKey) {
                    try key.publicKey.verify(signature: signature, over: [1, 2, 4], algorithm: algorithm)
                }
            }
            expectError(.misuse) { try key.sign([1], algorithm: "ssh-rsa") }
        }
    }

    /// RFC 8410 §10.3.
    @Test func anEd25519KeyIsReadFromPKCS8() throws {
        let text = """
            -----BEGIN PRIVATE KEY-----
            MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC
            -----END PRIVATE KEY-----

            """
        let (key, _) = try PrivateKeyFile.parse(Array(text.utf8))
        let publicKey = hex("19bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1")
        #expect(key.publicKey == PublicKey(.ed25519, .ed25519(key: publicKey)))
    }

    @Test(arguments: [
        PrivateKey.Kind.ed25519, .ecdsa(bits: 256), .ecdsa(bits: 384), .ecdsa(bits: 521), .rsa(bits: 2048),
    ])
    func whatIsGeneratedIsReadBySSHKeygenAndHere(kind: PrivateKey.Kind) throws {
        let key = try PrivateKey.generate(kind, random: SystemRandom())
        let text = try OpenSSHPrivateKeyFile.encode(key, comment: "a comment", random: SystemRandom())
        try self.generator.write(text, to: "key")
        let line = try self.generator.run("-y", "-f", "key")
        #expect(line == key.publicKey.openSSHText + " a comment\n")
        let (again, comment) = try PrivateKeyFile.parse(text)
        #expect(again.publicKey == key.publicKey && comment == "a comment")
    }

    @Test func keysOfOtherSizesAreNotMade() {
        for kind in [PrivateKey.Kind.ecdsa(bits: 255), .rsa(bits: 1024), .rsa(bits: 8193), .rsa(bits: -1)] {
            expectError(.misuse) { try PrivateKey.generate(kind, random: SystemRandom()) }
        }
    }

    @Test(arguments: [("ed25519", "RFC4716"), ("ecdsa", "PEM"), ("ecdsa", "PKCS8"), ("rsa", "PEM"), ("rsa", "PKCS8")])
    func anEncryptedFileIsSaidToBeOne(type: String, form: String) throws {
        try self.generate(type, type == "rsa" ? 2048 : 256, form, passphrase: "a passphrase", to: "key")
        let text = try self.generator.read("key")
        let error = #expect(throws: SSHError.self) { try PrivateKeyFile.parse(text) }
        #expect(error?.code == .invalidKey && error?.reason.contains("passphrase") == true, "\(error.debugDescription)")
    }

    @Test(arguments: ["PEM", "PKCS8"])
    func aPEMFileMayBeginWithRemarksAndNeedNotEndWithALine(form: String) throws {
        try self.generate("ecdsa", 256, form, to: "key")
        let text = try self.generator.readText("key")
        let publicKey = try PublicKey(openSSHLine: self.generator.readText("key.pub"))
        for changed in [
            "Bag Attributes\n    x: y\n" + text, text.replacing("\n", with: "\r\n"), String(text.dropLast()),
        ] {
            #expect(try PrivateKeyFile.parse(Array(changed.utf8)).key.publicKey == publicKey)
        }
    }

    /// The binary content of an OpenSSH file.
    private func content(_ name: String) throws -> [UInt8] {
        let lines = try self.generator.readText(name).split(separator: "\n").dropFirst().dropLast()
        return try Base64.decode(lines.joined())
    }

    private func file(_ content: [UInt8]) -> [UInt8] {
        Array("\(OpenSSHPrivateKeyFile.begin)\n\(Base64.encode(content))\n\(OpenSSHPrivateKeyFile.end)\n".utf8)
    }

    @Test(arguments: [("ed25519", 256), ("ecdsa", 256), ("ecdsa", 521), ("rsa", 1024)])
    func noChangeMakesAnotherKeyOfAFile(type: String, bits: Int) throws {
        try self.generate(type, bits, "RFC4716", to: "key")
        let content = try self.content("key")
        let publicKey = try PublicKey(openSSHLine: self.generator.readText("key.pub"))
        for index in stride(from: 0, to: content.count, by: type == "rsa" ? 3 : 1) {
            for mask in [1, 0x80, 0xff] as [UInt8] {
                var changed = content
                changed[index] ^= mask
                // What is in no number may change: the comment.
                guard let key = try? PrivateKeyFile.parse(self.file(changed)).key else { continue }
                #expect(key.publicKey == publicKey)
                let algorithm = try #require(publicKey.signatureAlgorithms.first)
                let signature = try key.sign([1], algorithm: algorithm)
                try publicKey.verify(signature: signature, over: [1], algorithm: algorithm)
            }
            expectError(.invalidKey) { try PrivateKeyFile.parse(self.file(Array(content[..<index]))) }
        }
    }

    @Test(arguments: [("ecdsa", 256), ("rsa", 1024)])
    func aBrokenPEMFileIsRefused(type: String, bits: Int) throws {
        try self.generate(type, bits, "PEM", to: "key")
        let lines = try self.generator.readText("key").split(separator: "\n").map(String.init)
        let content = try Base64.decode(lines.dropFirst().dropLast().joined())
        let publicKey = try PublicKey(openSSHLine: self.generator.readText("key.pub"))
        for index in content.indices {
            var changed = content
            changed[index] ^= 0xff
            for bytes in [changed, Array(content[..<index])] {
                let text = [lines[0], Base64.encode(bytes), lines[lines.count - 1], ""].joined(separator: "\n")
                guard let key = try? PrivateKeyFile.parse(Array(text.utf8)).key else { continue }
                // An RSA key's exponents are worked out anew, and an ECDSA key's names may be long or short.
                #expect(key.publicKey == publicKey)
            }
        }
        let cut = lines.dropLast().joined(separator: "\n")
        expectError(.invalidKey) { try PrivateKeyFile.parse(Array(cut.utf8)) }
    }

    @Test func halvesOfTwoKeysAreRefused() throws {
        for (type, bits) in [("ed25519", 256), ("ecdsa", 256), ("rsa", 1024)] {
            try self.generate(type, bits, "RFC4716", to: "\(type)-one")
            try self.generate(type, bits, "RFC4716", to: "\(type)-two")
            let (one, two) = (try self.content("\(type)-one"), try self.content("\(type)-two"))
            let blob = try PublicKey(openSSHLine: self.generator.readText("\(type)-two.pub")).blob
            let start = OpenSSHPrivateKeyFile.magic.count + 8 + 8 + 4 + 4 + 4
            #expect(Array(two[start..<(start + blob.count)]) == blob)
            var mixed = one
            mixed.replaceSubrange(start..<(start + blob.count), with: blob)
            expectError(.invalidKey) { try PrivateKeyFile.parse(self.file(mixed)) }
        }
    }

    @Test(arguments: [
        "", "\n", "x", "-----BEGIN", "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        "-----BEGIN DSA PRIVATE KEY-----\nAAAA\n-----END DSA PRIVATE KEY-----\n",
        "-----BEGIN OPENSSH PRIVATE KEY-----\n-----END OPENSSH PRIVATE KEY-----\n",
        "-----BEGIN RSA PRIVATE KEY-----\n!!!!\n-----END RSA PRIVATE KEY-----\n", String(repeating: "x", count: 70_000),
    ])
    func whatIsNoKeyFileIsRefused(text: String) {
        expectError(.invalidKey) { try PrivateKeyFile.parse(Array(text.utf8)) }
    }

    @Test func numbersThatAreNoRSAKeyAreRefused() throws {
        let good = try RSAPrivateKey.generate(bits: 2048)
        var writer = WireWriter()
        try good.writeSecrets(to: &writer)
        var reader = WireReader(writer.buffer)
        let fields = try (0..<6).map { _ in try reader.readUnsignedMPInt() }
        func key(_ change: (inout [[UInt8]]) -> Void) throws -> RSAPrivateKey {
            var changed = fields
            change(&changed)
            return try RSAPrivateKey(
                RSAPrivateKey.Numbers(
                    modulus: changed[0],
                    exponent: changed[1],
                    privateExponent: SecretBytes(bytes: changed[2]),
                    coefficient: SecretBytes(bytes: changed[3]),
                    p: SecretBytes(bytes: changed[4]),
                    q: SecretBytes(bytes: changed[5])
                )
            )
        }
        #expect(try key { _ in }.publicKey == good.publicKey)
        let changes: [(inout [[UInt8]]) -> Void] = [
            { $0[2] = [] }, { $0[2] = [1] }, { $0[2] = $0[0] }, { $0[3] = [] }, { $0[3] = $0[4] },
            { ($0[4], $0[5]) = ([1], $0[0]) }, { ($0[4], $0[5]) = ($0[0], [1]) }, { $0[4] = [] }, { $0[5] = [2] },
            { $0[1] = [1] }, { $0[1] = [1, 0, 0, 0, 1] }, { $0[0] = [] }, { $0[1] = [3] },
            { $0[0] = [UInt8](repeating: 0xff, count: 1025) },
        ]
        for change in changes { expectError(.invalidKey) { try key(change) } }
    }

    @Test(arguments: EllipticCurve.allCases)
    func scalarsOutOfRangeAreNoKeys(curve: EllipticCurve) {
        let zero = [UInt8](repeating: 0, count: curve.coordinateLength)
        for scalar in [[], [0], zero, [UInt8](repeating: 0xff, count: curve.coordinateLength)] {
            expectError(.invalidKey) { try ECDSAPrivateKey(curve, scalar: SecretBytes(bytes: scalar)) }
        }
        #expect(throws: Never.self) { try ECDSAPrivateKey(curve, scalar: SecretBytes(bytes: [1])) }
    }
}
