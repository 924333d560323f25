import COpenSSL
import SSHWire

/// Calls into libcrypto, with its error codes turned into errors.
enum LibCrypto {
    /// - Throws: `system` unless libcrypto reported success.
    static func check(_ result: Int32, _ operation: StaticString) throws {
        guard result == 1 else { throw Self.failure(operation) }
    }

    /// - Throws: `system` if libcrypto gave no object.
    static func check<Object>(_ object: Object?, _ operation: StaticString) throws -> Object {
        guard let object else { throw Self.failure(operation) }
        return object
    }

    static func failure(_ operation: StaticString) -> SSHError {
        // Left alone, the thread's error queue would keep what an earlier connection did.
        ERR_clear_error()
        return SSHError(.system, "libcrypto could not \(operation)")
    }
}
