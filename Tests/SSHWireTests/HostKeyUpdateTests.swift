import NIOCore
import SSHWire
import Testing

struct HostKeyUpdateTests {
    private static let update = HostKeyUpdate(blobs: [[1, 2, 3], [], [4]])

    @Test func whatIsWrittenIsReadAgain() throws {
        #expect(try HostKeyUpdate(Self.update.data, limit: 3) == Self.update)
        #expect(try HostKeyUpdate(ByteBuffer(), limit: 0).blobs.isEmpty)
    }

    @Test func everyTruncationWithinAStringIsRefused() throws {
        let data = Self.update.data
        // Between two strings the list is merely shorter.
        for length in 0..<data.readableBytes where ![0, 7, 11].contains(length) {
            let cut = try #require(data.getSlice(at: data.readerIndex, length: length))
            #expect(throws: SSHError.self) { try HostKeyUpdate(cut, limit: 3) }
        }
    }

    @Test func moreStringsThanTheLimitAreRefusedBeforeTheyAreKept() throws {
        let error = try #require(throws: SSHError.self) { try HostKeyUpdate(Self.update.data, limit: 2) }
        #expect(error.code == .limitExceeded)
        let many = ByteBuffer(repeating: 0, count: 4 * 100_000)
        #expect(throws: SSHError.self) { try HostKeyUpdate(many, limit: 32) }
    }

    @Test func theSignedBytesNameThePurposeTheSessionAndTheKey() {
        let bytes = HostKeyUpdate.signedBytes(sessionIdentifier: [9], key: [8, 7])
        let name = Array("hostkeys-prove-00@openssh.com".utf8)
        #expect(bytes == [0, 0, 0, 29] + name + [0, 0, 0, 1, 9, 0, 0, 0, 2, 8, 7])
    }
}
