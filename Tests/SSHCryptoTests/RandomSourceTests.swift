import NIOCore
import Testing

@testable import SSHCrypto

struct RandomSourceTests {
    @Test func theSameSeedGivesTheSameBytesHoweverTheyAreRead() {
        let whole = SeededRandom(seed: 42).randomBytes(1000)
        let pieces = SeededRandom(seed: 42)
        var read: [UInt8] = []
        for count in 0... {
            let left = 1000 - read.count
            if left == 0 { break }
            var buffer = ByteBuffer()
            if count % 2 == 0 {
                pieces.appendRandomBytes(min(count, left), to: &buffer)
                read += buffer.array
            } else {
                read += pieces.randomBytes(min(count, left))
            }
        }
        #expect(read == whole)
        #expect(SeededRandom(seed: 43).randomBytes(1000) != whole)
    }

    @Test func seededBytesAreChaCha20WithTheSeedAsKey() {
        // RFC 8439 appendix A.1, test vector 1: key, nonce and counter are zero.
        #expect(SeededRandom(seed: 0).randomBytes(16) == hex("76b8e0ada0f13d90405d6ae55386bd28"))
    }

    @Test(arguments: [0, 1, 4, 19, 127, 128, 129, 512, 513, 5000])
    func systemRandomGivesAsManyFreshBytesAsAsked(count: Int) {
        let random = SystemRandom()
        for _ in 0..<100 {
            let first = random.randomBytes(count)
            var buffer = ByteBuffer(bytes: [0xee])
            random.appendRandomBytes(count, to: &buffer)
            #expect(first.count == count)
            #expect(buffer.readableBytes == count + 1)
            #expect(count < 16 || first != buffer.array.dropFirst().map { $0 })
        }
    }

    @Test func theSystemsBytesAreNotZeroed() {
        // Spent bytes are zeroed in the pool: handing them out again would show.
        let random = SystemRandom()
        let bytes = (0..<200).flatMap { _ in random.randomBytes(16) }
        #expect(bytes.count { $0 == 0 } < 100)
    }
}
