import NIOEmbedded
import SSHCrypto
import Testing

@testable import SSHForwarding

/// Whichever read or write of whichever socket fails: everything ends, once, and nothing is made up.
struct FailingTransportTests {
    private let question = [UInt8](repeating: 1, count: 50_000)
    private let answer = [UInt8](repeating: 2, count: 70_000)

    /// A question, its answer, and the end of both directions.
    private func converse(_ pair: MemoryPair) {
        pair.run()
        for start in stride(from: 0, to: self.question.count, by: 10_000) {
            pair.near.say(Array(self.question[start..<start + 10_000]))
            pair.run()
        }
        pair.near.sayEOF()
        pair.run()
        for start in stride(from: 0, to: self.answer.count, by: 10_000) {
            pair.far.say(Array(self.answer[start..<start + 10_000]))
            pair.run()
        }
        pair.far.sayEOF()
        pair.run()
    }

    private func pair(failing place: MemoryPair.Place?, at number: Int = 1) throws -> MemoryPair {
        let keys = try (1...2).map { try Ed25519PrivateKey.generate(random: SeededRandom(seed: $0)) }
        return try MemoryPair(failing: place, at: number, userKey: keys[0], hostKey: keys[1])
    }

    @Test func withoutAFailureEverythingArrives() throws {
        let pair = try self.pair(failing: nil)
        self.converse(pair)
        #expect(pair.far.received == self.question)
        #expect(pair.near.received == self.answer)
        #expect(pair.endings["near tunnel"] == 1 && pair.endings["far tunnel"] == 1)
        #expect(pair.near.transport.hasEndedOutput && pair.far.transport.hasEndedOutput)
        pair.end()
        #expect(pair.endings["client"] == 1 && pair.endings["server"] == 1)
    }

    @Test(arguments: MemoryPair.Place.allCases) func everyFailureEndsEverythingOnce(place: MemoryPair.Place) throws {
        let whole = try self.pair(failing: nil)
        self.converse(whole)
        let count = whole.count(of: place)
        whole.end()
        #expect(count > 5)
        for number in 1...count {
            let pair = try self.pair(failing: place, at: number)
            self.converse(pair)
            #expect(self.question.starts(with: pair.far.received), "failing at \(number)")
            #expect(self.answer.starts(with: pair.near.received), "failing at \(number)")
            let begun = pair.endings["near tunnel begun"] ?? 0
            switch place {
            // The socket's end is its tunnel's end, and the connection lives.
            case .near, .far: #expect(pair.endings["client"] == nil && pair.endings["near tunnel"] == 1)
            case .client, .server: #expect(pair.endings["client"] == 1 && pair.endings["server"] == 1)
            }
            pair.end()
            #expect(pair.endings["client"] == 1 && pair.endings["server"] == 1, "failing at \(number)")
            #expect((pair.endings["near tunnel"] ?? 0) == begun, "failing at \(number)")
            #expect((pair.endings["far tunnel"] ?? 0) <= begun, "failing at \(number)")
            #expect(!pair.near.channel.isActive || begun == 0, "failing at \(number)")
            #expect(pair.client.channelCount == 0 || pair.client.hasEnded, "failing at \(number)")
        }
    }
}
