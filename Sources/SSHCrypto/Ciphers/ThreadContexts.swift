/// One thread's contexts of libcrypto for a cipher whose key is set anew for every packet.
final class ThreadContexts {
    private static let contexts = ThreadValue<ThreadContexts>()

    /// ChaCha20 is its own inverse: one context for both directions.
    let chaCha20: CipherContext
    let poly1305: MACContext

    private init() throws {
        self.chaCha20 = try CipherContext(FetchedCipher.chaCha20, direction: .encrypt)
        self.poly1305 = try MACContext()
    }

    static func current() throws -> ThreadContexts {
        try self.contexts.ofThisThread { try ThreadContexts() }
    }
}
