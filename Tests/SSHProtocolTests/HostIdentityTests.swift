import NIOCore
import SSHCrypto
import SSHWire
import Testing

@testable import SSHProtocol

struct HostIdentityTests {
    private static let certificateType = "ssh-ed25519-cert-v01@openssh.com"
    private let authority: Ed25519PrivateKey
    private let hostKey: Ed25519PrivateKey

    init() throws {
        self.authority = try Ed25519PrivateKey.generate(random: SeededRandom(seed: 70))
        self.hostKey = try Ed25519PrivateKey.generate(random: SeededRandom(seed: 71))
    }

    private func pair(
        client algorithms: [String],
        certificates: [Certificate],
        allowed: [String] = AlgorithmPreferences.hostCertificates + AlgorithmPreferences.hostKeySignatures
    ) throws -> EnginePair {
        try EnginePair(
            client: { $0.algorithms.hostKey = algorithms },
            server: {
                $0.hostKeys = [self.hostKey]
                $0.hostCertificates = certificates
                $0.algorithms.hostKey = allowed
            }
        )
    }

    private static func shown(_ pair: EnginePair) -> HostKeyToVerify? {
        pair.clientEvents.compactMap { if case .hostKey(let key) = $0 { key } else { nil } }.first
    }

    @Test func aClientThatPrefersCertificatesIsShownOne() throws {
        let certificate = try Certificate.issued(for: self.hostKey.publicKey, by: self.authority)
        let pair = try self.pair(client: [Self.certificateType, "ssh-ed25519"], certificates: [certificate])
        try pair.logIn()
        let shown = try #require(Self.shown(pair))
        #expect(shown.certificate == certificate)
        #expect(shown.key == self.hostKey.publicKey)
        #expect(shown.algorithm == Self.certificateType)
    }

    @Test(arguments: [PrivateKey.Kind.ecdsa(bits: 256), .ecdsa(bits: 384), .ecdsa(bits: 521), .rsa(bits: 2048)])
    func keysOfEveryTypeProveTheServerAloneAndCertified(kind: PrivateKey.Kind) throws {
        let key = try PrivateKey.generate(kind, random: SystemRandom())
        let certificate = try Certificate.issued(for: key.publicKey, by: self.authority)
        for algorithm in key.publicKey.signatureAlgorithms + certificate.algorithms {
            let pair = try EnginePair(
                client: { $0.algorithms.hostKey = [algorithm] },
                server: {
                    $0.hostKeys = [self.hostKey, key]
                    $0.hostCertificates = [certificate]
                    $0.algorithms.hostKey =
                        AlgorithmPreferences.hostCertificates + AlgorithmPreferences.hostKeySignatures
                }
            )
            try pair.logIn()
            let shown = try #require(Self.shown(pair))
            #expect(shown.key == key.publicKey && shown.algorithm == algorithm)
            #expect((shown.certificate == certificate) == algorithm.contains("-cert-"))
            try pair.client.transport.startKeyExchange(now: pair.now)
            pair.run()
            #expect(pair.clientError == nil && pair.serverError == nil)
        }
    }

    @Test func theSameCertificateProvesTheServerWhenKeysAreRenewed() throws {
        let certificate = try Certificate.issued(for: self.hostKey.publicKey, by: self.authority)
        let pair = try self.pair(client: [Self.certificateType], certificates: [certificate])
        try pair.logIn()
        try pair.client.transport.startKeyExchange(now: pair.now)
        pair.run()
        #expect(pair.clientError == nil && pair.serverError == nil)
        let exchanges = pair.clientEvents.count { if case .newKeys = $0 { true } else { false } }
        #expect(exchanges == 2)
    }

    @Test(arguments: [["ssh-ed25519"], ["ssh-ed25519", certificateType]])
    func aClientThatPrefersKeysIsShownTheKey(algorithms: [String]) throws {
        let certificate = try Certificate.issued(for: self.hostKey.publicKey, by: self.authority)
        let pair = try self.pair(client: algorithms, certificates: [certificate])
        try pair.logIn()
        let shown = try #require(Self.shown(pair))
        #expect(shown.certificate == nil)
        #expect(shown.key == self.hostKey.publicKey)
    }

    @Test func whatHostKeyAlgorithmsLeavesOutIsNotOffered() throws {
        let certificate = try Certificate.issued(for: self.hostKey.publicKey, by: self.authority)
        let pair = try self.pair(client: [Self.certificateType], certificates: [certificate], allowed: ["ssh-ed25519"])
        pair.run()
        #expect(pair.clientError?.code == .noCommonAlgorithm)
    }

    @Test func aCertificateOfAnotherKeyIsNotOffered() throws {
        let certificate = try Certificate.issued(for: self.authority.publicKey, by: self.authority)
        let pair = try self.pair(client: [Self.certificateType], certificates: [certificate])
        pair.run()
        #expect(pair.clientError?.code == .noCommonAlgorithm)
    }

    @Test func aCertificateThatItsAuthorityDidNotSignEndsTheConnection() throws {
        let certificate = try Certificate.issued(for: self.hostKey.publicKey, by: self.authority, spoiled: true)
        let pair = try self.pair(client: [Self.certificateType], certificates: [certificate])
        pair.run()
        #expect(pair.clientError?.code == .invalidKey)
        #expect(Self.shown(pair) == nil)
    }

    @Test func aCertificateWithAnyByteChangedOrMissingIsRefused() throws {
        let blob = try Certificate.issued(for: self.hostKey.publicKey, by: self.authority).blob
        for index in blob.indices {
            var changed = blob
            changed[index] ^= 0x41
            for bytes in [changed, Array(blob[..<index])] {
                #expect(throws: SSHError.self) { try HostKeyToVerify(blob: bytes, algorithm: Self.certificateType) }
            }
        }
    }

    @Test func aKeyInPlaceOfACertificateAndTheOtherWayRoundAreRefused() throws {
        let certificate = try Certificate.issued(for: self.hostKey.publicKey, by: self.authority)
        #expect(throws: SSHError.self) { try HostKeyToVerify(blob: certificate.blob, algorithm: "ssh-ed25519") }
        #expect(throws: SSHError.self) {
            try HostKeyToVerify(blob: self.hostKey.publicKey.blob, algorithm: Self.certificateType)
        }
        #expect(throws: SSHError.self) {
            try HostKeyToVerify(blob: certificate.blob, algorithm: "ecdsa-sha2-nistp256-cert-v01@openssh.com")
        }
    }
}
