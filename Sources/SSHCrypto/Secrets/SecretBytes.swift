/// Bytes that nobody else may see: a private key, a shared secret, a packet key. Their memory is zeroed when the last
/// reference goes, and they never print.
public final class SecretBytes: Sendable {
    // Written only while it is initialised, then read only, then freed by deinit: safe to share between threads.
    private nonisolated(unsafe) let storage: UnsafeMutableRawBufferPointer

    /// Takes the bytes over; the array's own storage is zeroed if nobody else holds it.
    public init(bytes: consuming [UInt8]) {
        self.storage = .allocate(byteCount: bytes.count, alignment: 16)
        bytes.withUnsafeMutableBytes { source in
            self.storage.copyMemory(from: UnsafeRawBufferPointer(source))
            Sodium.zero(source)
        }
    }

    /// Copies bytes that somebody else zeroes.
    init(copying bytes: UnsafeRawBufferPointer) {
        self.storage = .allocate(byteCount: bytes.count, alignment: 16)
        self.storage.copyMemory(from: bytes)
    }

    /// Lets `fill` write the bytes in place, so that no copy of them stays behind.
    init(count: Int, filledBy fill: (UnsafeMutableRawBufferPointer) throws -> Void) rethrows {
        self.storage = .allocate(byteCount: count, alignment: 16)
        self.storage.initializeMemory(as: UInt8.self, repeating: 0)
        try fill(self.storage)
    }

    /// The same, for functions that want the first byte's address.
    static func make(
        count: Int,
        _ write: (UnsafeMutablePointer<UInt8>) throws -> Void
    ) rethrows -> SecretBytes {
        try SecretBytes(count: count) { target in
            if let address = target.baseAddress { try write(address.assumingMemoryBound(to: UInt8.self)) }
        }
    }

    deinit {
        Sodium.zero(self.storage)
        self.storage.deallocate()
    }

    public var count: Int { self.storage.count }

    /// Lends the bytes for the time of the call; `body` must not keep the pointer.
    public func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try body(UnsafeRawBufferPointer(self.storage))
    }

    /// The same, for functions that want the first byte's address and know the length.
    func withPointer<Result>(_ body: (UnsafePointer<UInt8>) throws -> Result) rethrows -> Result {
        try self.storage.withMemoryRebound(to: UInt8.self) { bytes in
            guard let address = bytes.baseAddress else { preconditionFailure("allocate() gives an address") }
            return try body(UnsafePointer(address))
        }
    }
}

extension SecretBytes: Equatable {
    /// Compares in constant time.
    public static func == (left: SecretBytes, right: SecretBytes) -> Bool {
        left.withBytes { left in right.withBytes { right in Sodium.isEqual(left, right) } }
    }
}

extension SecretBytes: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "<\(self.count) secret bytes>" }
    public var debugDescription: String { self.description }
    public var customMirror: Mirror { Mirror(self, children: EmptyCollection()) }
}
