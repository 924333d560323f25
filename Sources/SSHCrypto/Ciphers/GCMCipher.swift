/// A cipher that is fed a packet piece by piece.
protocol StreamCipher: AnyObject {
    /// `source` and `target` have the same length, and are the same memory or lie apart.
    func update(_ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer) throws
}

extension StreamCipher {
    func updateInPlace(_ bytes: UnsafeMutableRawBufferPointer) throws {
        try self.update(UnsafeRawBufferPointer(bytes), into: bytes)
    }
}

/// AES-GCM in one of the two libraries that have it. A context lives as long as its key.
protocol GCMCipher: StreamCipher {
    /// Starts a packet.
    func start(initialVector: UnsafeRawBufferPointer) throws
    /// Authenticates bytes that are not encrypted.
    func updateAssociatedData(_ bytes: UnsafeRawBufferPointer) throws
    /// Ends a packet and writes its tag.
    func finish(tag: UnsafeMutableRawBufferPointer) throws
    /// Ends a packet.
    ///
    /// - Throws: `integrityCheckFailed` if the tag is wrong.
    func finish(verifying tag: UnsafeRawBufferPointer) throws
}

extension CipherContext: GCMCipher {
    func start(initialVector: UnsafeRawBufferPointer) throws {
        try self.start(key: nil, initialVector: initialVector)
    }
}
