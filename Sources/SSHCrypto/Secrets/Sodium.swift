import CSodium

/// libsodium, set up once per process.
enum Sodium {
    private static let isReady = sodium_init() >= 0

    /// Called before anything that draws random bytes or depends on libsodium's choice of implementation.
    static func prepare() {
        // It fails only when the system has no random source: nothing that this program does could be safe then.
        precondition(Self.isReady, "libsodium could not be initialised")
    }

    static func zero(_ bytes: UnsafeMutableRawBufferPointer) {
        guard let address = bytes.baseAddress else { return }
        sodium_memzero(address, bytes.count)
    }

    static func zero(_ bytes: inout [UInt8]) {
        bytes.withUnsafeMutableBytes { Self.zero($0) }
    }

    /// Takes a time that depends on the length alone.
    static func isZero(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let address = bytes.baseAddress else { return true }
        return sodium_is_zero(address.assumingMemoryBound(to: UInt8.self), bytes.count) == 1
    }

    /// Compares in a time that depends on the length alone.
    static func isEqual(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
        guard left.count == right.count else { return false }
        guard let leftAddress = left.baseAddress, let rightAddress = right.baseAddress else { return true }
        return sodium_memcmp(leftAddress, rightAddress, left.count) == 0
    }
}

/// Compares two byte strings in a time that depends on their lengths alone.
public func constantTimeEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    left.withUnsafeBytes { left in right.withUnsafeBytes { right in Sodium.isEqual(left, right) } }
}
