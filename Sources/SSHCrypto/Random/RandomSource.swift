public import NIOCore

/// Where random bytes come from: the system in a running program, a seed in simulations and tests.
public protocol RandomSource: AnyObject {
    /// Fresh random bytes.
    func randomBytes(_ count: Int) -> [UInt8]

    /// Appends exactly `count` fresh random bytes, without an allocation of its own.
    func appendRandomBytes(_ count: Int, to buffer: inout ByteBuffer)
}

/// A random source that can fill memory: what both sources share.
protocol FillingRandomSource: RandomSource {
    func fill(_ target: UnsafeMutableRawBufferPointer)
}

extension FillingRandomSource {
    func makeRandomBytes(_ count: Int) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count) { storage, initialized in
            self.fill(UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(storage)[..<count]))
            initialized = count
        }
    }

    func writeRandomBytes(_ count: Int, to buffer: inout ByteBuffer) {
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: count) { writable in
            self.fill(UnsafeMutableRawBufferPointer(rebasing: writable[..<count]))
            return count
        }
    }
}
