import CSodium
public import NIOCore

/// The operating system's random source, read in pieces: a system call for every packet's padding would be waste.
///
/// Not for use by several threads at once.
public final class SystemRandom: RandomSource {
    private static let poolSize = 512
    private static let pools = ThreadValue<SystemRandom>()

    private let pool: UnsafeMutableRawPointer
    /// Bytes of the pool that were handed out, and zeroed.
    private var spent = SystemRandom.poolSize

    public init() {
        Sodium.prepare()
        self.pool = .allocate(byteCount: Self.poolSize, alignment: 16)
    }

    /// The calling thread's own, for all the connections that stay on it.
    public static func ofThisThread() -> SystemRandom {
        self.pools.ofThisThread { SystemRandom() }
    }

    deinit {
        sodium_memzero(self.pool, Self.poolSize)
        self.pool.deallocate()
    }

    public func randomBytes(_ count: Int) -> [UInt8] {
        self.makeRandomBytes(count)
    }

    public func appendRandomBytes(_ count: Int, to buffer: inout ByteBuffer) {
        self.writeRandomBytes(count, to: &buffer)
    }
}

extension SystemRandom: FillingRandomSource {
    func fill(_ target: UnsafeMutableRawBufferPointer) {
        guard let address = target.baseAddress else { return }
        guard target.count <= Self.poolSize / 4 else {
            randombytes_buf(address, target.count)
            return
        }
        if Self.poolSize - self.spent < target.count {
            randombytes_buf(self.pool, Self.poolSize)
            self.spent = 0
        }
        address.copyMemory(from: self.pool + self.spent, byteCount: target.count)
        sodium_memzero(self.pool + self.spent, target.count)
        self.spent += target.count
    }
}
