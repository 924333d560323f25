import NIOCore
import Testing

@testable import SSHCrypto

/// The random source of NIST's known-answer tests: CTR_DRBG with AES-256 (SP 800-90A), reseeded by nobody.
///
/// What it gives depends on the sizes of the pieces in which it is asked.
final class NISTRandom: RandomSource {
    private var key = [UInt8](repeating: 0, count: 32)
    private var counter = [UInt8](repeating: 0, count: 16)

    /// - Parameter seed: 48 bytes.
    init(seed: [UInt8]) throws {
        try #require(seed.count == 48)
        self.update(with: seed)
    }

    func randomBytes(_ count: Int) -> [UInt8] {
        let bytes = Array((0..<(count + 15) / 16).flatMap { _ in self.nextBlock() }.prefix(count))
        self.update(with: [UInt8](repeating: 0, count: 48))
        return bytes
    }

    func appendRandomBytes(_ count: Int, to buffer: inout ByteBuffer) {
        buffer.writeBytes(self.randomBytes(count))
    }

    private func update(with data: [UInt8]) {
        let state = zip((0..<3).flatMap { _ in self.nextBlock() }, data).map { $0 ^ $1 }
        self.key = Array(state[..<32])
        self.counter = Array(state[32...])
    }

    private func nextBlock() -> [UInt8] {
        for index in self.counter.indices.reversed() {
            self.counter[index] &+= 1
            if self.counter[index] != 0 { break }
        }
        var block = [UInt8](repeating: 0, count: 16)
        do {
            // Counter mode encrypts zeros to the block itself.
            let cipher = try self.key.withUnsafeBytes { key in
                try self.counter.withUnsafeBytes { counter in
                    try CipherContext(
                        FetchedCipher.cipher(for: .aes256CTR),
                        key: key,
                        initialVector: counter,
                        direction: .encrypt
                    )
                }
            }
            try block.withUnsafeMutableBytes { try cipher.updateInPlace($0) }
        } catch {
            Issue.record(error)
        }
        return block
    }
}
