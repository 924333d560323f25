import NIOCore
import SSHCrypto

/// A random source whose every byte is the same, so that padding is known.
final class FixedRandom: RandomSource {
    private let byte: UInt8

    init(_ byte: UInt8) {
        self.byte = byte
    }

    func randomBytes(_ count: Int) -> [UInt8] {
        [UInt8](repeating: self.byte, count: count)
    }

    func appendRandomBytes(_ count: Int, to buffer: inout ByteBuffer) {
        buffer.writeRepeatingByte(self.byte, count: count)
    }
}
