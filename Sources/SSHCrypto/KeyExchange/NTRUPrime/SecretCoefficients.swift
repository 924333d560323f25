/// Coefficients of a polynomial, or room for intermediate ones. They are zeros at first, and zeroed when the last reference goes.
final class SecretCoefficients {
    let pointer: UnsafeMutablePointer<Int16>
    private let count: Int

    /// - Parameter count: with what computations need before and behind the polynomial.
    init(count: Int = NTRUPrime.p) {
        self.pointer = .allocate(capacity: count)
        self.pointer.initialize(repeating: 0, count: count)
        self.count = count
    }

    deinit {
        Sodium.zero(UnsafeMutableRawBufferPointer(start: self.pointer, count: self.count * MemoryLayout<Int16>.stride))
        self.pointer.deallocate()
    }
}
