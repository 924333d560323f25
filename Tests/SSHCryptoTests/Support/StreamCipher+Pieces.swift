@testable import SSHCrypto

extension StreamCipher {
    /// Runs over `bytes` in pieces of `pieceLength`.
    func run(over bytes: [UInt8], pieceLength: Int) throws -> [UInt8] {
        var result = [UInt8](repeating: 0, count: bytes.count)
        for start in stride(from: 0, to: bytes.count, by: pieceLength) {
            let piece = start..<min(start + pieceLength, bytes.count)
            try bytes.withUnsafeBytes { source in
                try result.withUnsafeMutableBytes { target in
                    try self.update(
                        UnsafeRawBufferPointer(rebasing: source[piece]),
                        into: UnsafeMutableRawBufferPointer(rebasing: target[piece])
                    )
                }
            }
        }
        return result
    }
}
