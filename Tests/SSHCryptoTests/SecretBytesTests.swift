import Testing

@testable import SSHCrypto

struct SecretBytesTests {
    @Test func bytesAreKept() {
        let secret = SecretBytes(bytes: [1, 2, 3])
        #expect(secret.count == 3)
        #expect(secret.withBytes { Array($0) } == [1, 2, 3])
    }

    @Test func equalityLooksAtLengthAndContent() {
        #expect(SecretBytes(bytes: [1, 2]) == SecretBytes(bytes: [1, 2]))
        #expect(SecretBytes(bytes: [1, 2]) != SecretBytes(bytes: [1, 3]))
        #expect(SecretBytes(bytes: [1, 2]) != SecretBytes(bytes: [1, 2, 3]))
        #expect(SecretBytes(bytes: []) == SecretBytes(bytes: []))
    }

    @Test func nothingThatPrintsASecretShowsItsContent() {
        let secret = SecretBytes(bytes: Array("hunter2".utf8))
        var dumped = ""
        dump(secret, to: &dumped)
        for text in ["\(secret)", String(reflecting: secret), dumped] {
            #expect(text.contains("7 secret bytes"))
            #expect(!text.contains("hunter2") && !text.contains("104"))
        }
    }

    @Test func constantTimeComparisonFindsEveryDifference() {
        let bytes = Array("0123456789abcdef".utf8)
        #expect(constantTimeEqual(bytes, bytes))
        #expect(constantTimeEqual([], []))
        #expect(!constantTimeEqual(bytes, Array(bytes.dropLast())))
        for index in bytes.indices {
            var other = bytes
            other[index] ^= 1
            #expect(!constantTimeEqual(bytes, other))
        }
    }
}
