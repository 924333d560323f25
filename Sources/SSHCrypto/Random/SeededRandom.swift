import CSodium
public import NIOCore

/// A random source that gives the same bytes for the same seed, for simulations and tests.
///
/// - Warning: Never for real use: who knows the seed knows every key.
public final class SeededRandom: RandomSource {
    private static let blockSize = 64

    private let key: [UInt8]
    private var block = [UInt8](repeating: 0, count: SeededRandom.blockSize)
    private var blockNumber: UInt64 = 0
    private var spent = SeededRandom.blockSize

    public init(seed: UInt64) {
        self.key = (0..<32).map { $0 < 8 ? UInt8(truncatingIfNeeded: seed >> (8 * UInt64($0))) : 0 }
    }

    public func randomBytes(_ count: Int) -> [UInt8] {
        self.makeRandomBytes(count)
    }

    public func appendRandomBytes(_ count: Int, to buffer: inout ByteBuffer) {
        self.writeRandomBytes(count, to: &buffer)
    }
}

extension SeededRandom: FillingRandomSource {
    /// The stream does not depend on the sizes of the pieces in which it is read.
    func fill(_ target: UnsafeMutableRawBufferPointer) {
        for index in target.indices {
            if self.spent == Self.blockSize { self.nextBlock() }
            target[index] = self.block[self.spent]
            self.spent += 1
        }
    }

    private func nextBlock() {
        let zeros = [UInt8](repeating: 0, count: Self.blockSize)
        let nonce = [UInt8](repeating: 0, count: 8)
        crypto_stream_chacha20_xor_ic(&self.block, zeros, UInt64(zeros.count), nonce, self.blockNumber, self.key)
        self.blockNumber &+= 1
        self.spent = 0
    }
}
