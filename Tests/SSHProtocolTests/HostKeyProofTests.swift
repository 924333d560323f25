import NIOCore
import SSHCrypto
import SSHWire
import Testing

@testable import SSHProtocol

/// Proofs of host keys some of which are held elsewhere.
struct HostKeyProofTests {
    private let keys: [Ed25519PrivateKey]

    init() throws {
        self.keys = try (80..<84).map { try Ed25519PrivateKey.generate(random: SeededRandom(seed: $0)) }
    }

    /// The first two keys are in memory.
    private func pair() throws -> EnginePair {
        let pair = try EnginePair(server: {
            $0.hostKeys = self.keys.enumerated().map { place, key in
                place < 2 ? key as any KeyPair : ExternalKey(key.publicKey)
            }
        })
        try pair.logIn()
        return pair
    }

    private func ask(_ pair: EnginePair, _ order: [Int]) throws -> Bool {
        let request = HostKeyUpdate(blobs: order.map { self.keys[$0].publicKey.blob }).data
        let reply = try pair.askForProof(request)
        return try pair.server.proveHostKeys(request, reply: reply)
    }

    private func answer(_ pair: EnginePair, _ place: Int) throws {
        let (side, request) = pair.awaitedSignatures.remove(at: place)
        let key = try #require(self.keys.first { $0.publicKey == request.key })
        pair.answer(side, request, try key.sign(request.bytes, algorithm: request.algorithm))
        pair.run()
    }

    @Test(arguments: [[0, 2, 1, 3], [3, 2], [2]], [0, 1])
    func theSignaturesStandInTheOrderOfTheKeysWhoeverSignsFirst(order: [Int], first: Int) throws {
        let pair = try self.pair()
        #expect(try self.ask(pair, order))
        pair.run()
        #expect(pair.awaitedSignatures.count == order.count { $0 > 1 })
        #expect(pair.awaitedSignatures.allSatisfy { $0.request.purpose == .hostKeyProof })
        try self.answer(pair, min(first, pair.awaitedSignatures.count - 1))
        while !pair.awaitedSignatures.isEmpty { try self.answer(pair, 0) }
        let answer = try #require(pair.globalReplies.last)
        let proof = try HostKeyUpdate(try #require(answer), limit: 8).blobs
        #expect(proof.count == order.count)
        for (place, signature) in zip(order, proof) {
            let key = self.keys[place].publicKey
            let signed = HostKeyUpdate.signedBytes(sessionIdentifier: pair.client.sessionIdentifier, key: key.blob)
            try key.verify(signature: signature, over: signed, algorithm: "ssh-ed25519")
        }
    }

    @Test func repliesToLaterRequestsWaitForTheProof() throws {
        let pair = try self.pair()
        #expect(try self.ask(pair, [2]))
        _ = try pair.client.sendGlobalRequest(.other(name: "x", data: ByteBuffer()), wantReply: true)
        pair.run()
        let later = pair.serverEvents.compactMap { if case .globalRequest(_, let reply) = $0 { reply } else { nil } }
        try pair.server.answerGlobalRequest(try #require(later.last), success: nil)
        pair.run()
        #expect(pair.globalReplies.isEmpty)
        try self.answer(pair, 0)
        #expect(pair.globalReplies.map { $0 == nil } == [false, true])
    }

    @Test func aKeyThatNobodySignsWithRefusesTheWholeProof() throws {
        for signature in [nil, [1, 2, 3]] as [[UInt8]?] {
            let pair = try self.pair()
            #expect(try self.ask(pair, [0, 2, 3]))
            pair.run()
            let (side, request) = pair.awaitedSignatures.removeFirst()
            pair.answer(side, request, signature)
            pair.run()
            #expect(pair.globalReplies == [nil])
            // The other key's signature is not needed any more, and does no harm.
            try self.answer(pair, 0)
            #expect(pair.globalReplies == [nil] && pair.serverError == nil)
            #expect(try self.ask(pair, [0]))
            pair.run()
            #expect(pair.globalReplies.count == 2)
        }
    }

    @Test func oneProofAtATimeWaitsForSignatures() throws {
        let pair = try self.pair()
        #expect(try self.ask(pair, [2, 3]))
        #expect(try !self.ask(pair, [2]))
        pair.run()
        #expect(pair.awaitedSignatures.count == 2)
        try self.answer(pair, 0)
        try self.answer(pair, 0)
        #expect(pair.globalReplies.map { $0 == nil } == [false, true])
    }
}
