import Glibc

/// Who runs AES-GCM.
enum GCMLibrary: String, CaseIterable {
    case libcrypto
    case boringSSL = "boringssl"

    static let tagLength = 16

    /// The one that is faster on this machine: which processor has what, each library knows in its own way. libcrypto 3.0
    /// has nothing for the wide AES instructions that BoringSSL runs more than twice as fast with; elsewhere they are equal.
    ///
    /// SSH_AES_GCM in the environment names one of them, for tests and measurements: what they make is the same.
    static let fastest = Self.named(getenv("SSH_AES_GCM").map { String(cString: $0) }) ?? Self.measured()

    /// Nil for a name that means nothing here.
    static func named(_ name: String?) -> GCMLibrary? {
        name.flatMap(GCMLibrary.init(rawValue:))
    }

    private static func measured() -> GCMLibrary {
        let timings = Self.allCases.map { (library: $0, time: $0.timeOfAPacket()) }
        return timings.min { $0.time < $1.time }?.library ?? .libcrypto
    }

    /// The shortest of a few tries, so that an interruption does not count.
    private func timeOfAPacket() -> Duration {
        (0..<4).map { _ in self.timeOfOneTry() }.min() ?? .seconds(1)
    }

    private func timeOfOneTry() -> Duration {
        var packet = [UInt8](repeating: 0, count: 16 * 1024)
        let zeros = [UInt8](repeating: 0, count: 32)
        let clock = ContinuousClock()
        let result = zeros.withUnsafeBytes { zeros in
            packet.withUnsafeMutableBytes { packet in
                Result {
                    let cipher = try self.cipher(key: zeros)
                    return try clock.measure {
                        try cipher.start(initialVector: UnsafeRawBufferPointer(rebasing: zeros[..<12]))
                        try cipher.updateInPlace(packet)
                    }
                }
            }
        }
        return (try? result.get()) ?? .seconds(1)
    }

    private func cipher(key: UnsafeRawBufferPointer) throws -> any GCMCipher {
        switch self {
        case .libcrypto: try CipherContext(FetchedCipher.cipher(for: .aes256GCM), key: key, direction: .encrypt)
        case .boringSSL: try BoringSSLCipher(key: key, direction: .encrypt)
        }
    }
}
