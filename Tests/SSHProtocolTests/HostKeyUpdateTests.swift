import NIOCore
import SSHCrypto
import SSHWire
import Testing

@testable import SSHProtocol

struct HostKeyUpdateTests {
    private let keys: [Ed25519PrivateKey]

    init() throws {
        self.keys = try (80..<83).map { try Ed25519PrivateKey.generate(random: SeededRandom(seed: $0)) }
    }

    private func pair() throws -> EnginePair {
        let pair = try EnginePair(server: { $0.hostKeys = Array(self.keys.prefix(2)) })
        try pair.logIn()
        return pair
    }

    private func proof(_ pair: EnginePair, of blobs: [[UInt8]]) throws -> HostKeyUpdate? {
        try self.answer(pair, to: HostKeyUpdate(blobs: blobs).data).flatMap { try? HostKeyUpdate($0, limit: 8) }
    }

    private func answer(_ pair: EnginePair, to request: ByteBuffer) throws -> ByteBuffer? {
        let reply = try pair.askForProof(request)
        _ = try pair.server.proveHostKeys(request, reply: reply)
        pair.run()
        return try #require(pair.globalReplies.last)
    }

    @Test func theAnnouncementNamesEveryKey() throws {
        let pair = try self.pair()
        try pair.server.announceHostKeys()
        pair.run()
        let data = pair.clientEvents.compactMap { event -> ByteBuffer? in
            guard case .globalRequest(.other("hostkeys-00@openssh.com", let data), nil) = event else { return nil }
            return data
        }
        let blobs = try HostKeyUpdate(try #require(data.first), limit: 8).blobs
        #expect(blobs == self.keys.prefix(2).map(\.publicKey.blob))
        #expect(data.count == 1)
    }

    @Test func theProofIsASignatureByEachKeyForThisSession() throws {
        let pair = try self.pair()
        let asked = [self.keys[1], self.keys[0]].map(\.publicKey)
        let signatures = try #require(try self.proof(pair, of: asked.map(\.blob))).blobs
        #expect(signatures.count == 2)
        let session = pair.client.sessionIdentifier
        for (key, signature) in zip(asked, signatures) {
            let signed = HostKeyUpdate.signedBytes(sessionIdentifier: session, key: key.blob)
            try key.verify(signature: signature, over: signed, algorithm: "ssh-ed25519")
        }
    }

    /// ssh verifies with just that algorithm.
    @Test(arguments: [
        ("rsa-sha2-256", "rsa-sha2-256"), ("rsa-sha2-512", "rsa-sha2-512"), ("ssh-ed25519", "rsa-sha2-512"),
    ])
    func anRSAKeySignsItsProofAsItSignedTheKeyExchange(negotiated: String, signature: String) throws {
        let key = try PrivateKey.generate(.rsa(bits: 2048), random: SystemRandom())
        let pair = try EnginePair(
            client: { $0.algorithms.hostKey = [negotiated] },
            server: { $0.hostKeys = [self.keys[0], key] }
        )
        try pair.logIn()
        let proof = try #require(try self.proof(pair, of: [key.publicKey.blob])).blobs
        let signed = HostKeyUpdate.signedBytes(
            sessionIdentifier: pair.client.sessionIdentifier,
            key: key.publicKey.blob
        )
        try key.publicKey.verify(signature: try #require(proof.first), over: signed, algorithm: signature)
    }

    @Test func nothingIsProvedForForeignRepeatedOrTooManyKeys() throws {
        let pair = try self.pair()
        let (first, second, foreign) = (
            self.keys[0].publicKey.blob, self.keys[1].publicKey.blob, self.keys[2].publicKey.blob
        )
        for blobs in [[], [foreign], [first, foreign], [first, first], [first, second, first], [[]]] {
            #expect(try self.proof(pair, of: blobs) == nil)
        }
        for bytes: [UInt8] in [[0], [0, 0, 0, 9, 1], [0xff, 0xff, 0xff, 0xff]] {
            #expect(try self.answer(pair, to: ByteBuffer(bytes: bytes)) == nil)
        }
    }

    @Test func keysAreAnnouncedByAServerAfterTheLoginAlone() throws {
        let pair = try EnginePair()
        #expect(throws: SSHError.self) { try pair.server.announceHostKeys() }
        try pair.logIn()
        #expect(throws: SSHError.self) { try pair.client.announceHostKeys() }
    }
}
