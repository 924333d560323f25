/// Batcher's merge exchange (Knuth, volume 3, §5.2.2, algorithm M): which elements are compared depends on their number alone.
enum SortingNetwork {
    /// Sorts in ascending order.
    static func sort(_ elements: UnsafeMutablePointer<UInt32>, count: Int) {
        guard count > 1 else { return }
        let largest = 1 << (Int.bitWidth - (count - 1).leadingZeroBitCount - 1)
        var step = largest
        while step > 0 {
            var (bound, remainder, distance) = (largest, 0, step)
            while true {
                // All i with i & step == remainder, in runs of `step`.
                var start = remainder
                while start < count - distance {
                    let end = min(start + step, count - distance)
                    for index in start..<end { Self.exchange(elements + index, elements + index + distance) }
                    start += 2 * step
                }
                guard bound != step else { break }
                distance = bound - step
                bound >>= 1
                remainder = step
            }
            step >>= 1
        }
    }

    /// Puts the smaller one first.
    @inline(__always)
    private static func exchange(_ first: UnsafeMutablePointer<UInt32>, _ second: UnsafeMutablePointer<UInt32>) {
        let (a, b) = (first.pointee, second.pointee)
        let isGreater = UInt32(truncatingIfNeeded: (Int64(b) &- Int64(a)) >> 63)
        let difference = (a ^ b) & isGreater
        first.pointee = a ^ difference
        second.pointee = b ^ difference
    }
}
