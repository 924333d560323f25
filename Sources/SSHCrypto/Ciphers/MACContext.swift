import COpenSSL
import SSHWire

/// One of libcrypto's MAC contexts, used again for every packet.
final class MACContext {
    private let context: OpaquePointer

    /// A context for HMAC, whose key stays.
    init(_ algorithm: MACAlgorithm, key: SecretBytes) throws {
        self.context = try Self.makeContext(FetchedMAC.hmac)
        let result = algorithm.digestName.withCString { name in
            var parameters = [
                OSSL_PARAM_construct_utf8_string(ParameterName.digest.address, UnsafeMutablePointer(mutating: name), 0),
                OSSL_PARAM_construct_end(),
            ]
            return key.withBytes { key in
                EVP_MAC_init(
                    self.context,
                    key.baseAddress?.assumingMemoryBound(to: UInt8.self),
                    key.count,
                    &parameters
                )
            }
        }
        try LibCrypto.check(result, "set an HMAC's key")
    }

    /// A context for Poly1305, whose key is new for every packet.
    init() throws {
        self.context = try Self.makeContext(FetchedMAC.poly1305)
    }

    deinit {
        EVP_MAC_CTX_free(self.context)
    }

    /// Starts a packet, with the key of the one before unless there is a new one.
    func start(key: UnsafeRawBufferPointer? = nil) throws {
        let address = key?.baseAddress?.assumingMemoryBound(to: UInt8.self)
        try LibCrypto.check(EVP_MAC_init(self.context, address, key?.count ?? 0, nil), "start a MAC")
    }

    func update(_ bytes: UnsafeRawBufferPointer) throws {
        let address = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
        try LibCrypto.check(EVP_MAC_update(self.context, address, bytes.count), "compute a MAC")
    }

    /// Writes the tag, which fills `tag`.
    func finish(tag: UnsafeMutableRawBufferPointer) throws {
        var written = 0
        let address = tag.baseAddress?.assumingMemoryBound(to: UInt8.self)
        try LibCrypto.check(EVP_MAC_final(self.context, address, &written, tag.count), "end a MAC")
        guard written == tag.count else { throw LibCrypto.failure("give a tag of the right length") }
    }

    /// - Throws: `integrityCheckFailed` if the tag is another.
    func finish(verifying tag: UnsafeRawBufferPointer) throws {
        try withUnsafeTemporaryAllocation(byteCount: tag.count, alignment: 16) { computed in
            try self.finish(tag: computed)
            guard Sodium.isEqual(UnsafeRawBufferPointer(computed), tag) else { throw SSHError.wrongTag() }
        }
    }

    private static func makeContext(_ mac: OpaquePointer?) throws -> OpaquePointer {
        try LibCrypto.check(EVP_MAC_CTX_new(try LibCrypto.check(mac, "find a MAC")), "make a MAC context")
    }
}

/// libcrypto's MACs, fetched once per process.
private enum FetchedMAC {
    // What a fetch returns is reference-counted, immutable and made to be shared between threads.
    nonisolated(unsafe) static let hmac = EVP_MAC_fetch(nil, OSSL_MAC_NAME_HMAC, nil)
    nonisolated(unsafe) static let poly1305 = EVP_MAC_fetch(nil, OSSL_MAC_NAME_POLY1305, nil)
}
