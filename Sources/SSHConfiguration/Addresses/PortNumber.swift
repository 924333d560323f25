import Glibc
import Synchronization

/// TCP ports as OpenSSH reads them: a decimal number or a service's name.
package enum PortNumber {
    private static let servicesDatabase = Mutex(())

    /// A port from 1 to 65535. `080` is 80, as in OpenSSH.
    package static func parse(_ text: String) throws -> UInt16 {
        if let number = Int(text) {
            guard let port = UInt16(exactly: number), port > 0 else { throw Self.invalid(text) }
            return port
        }
        guard let port = Self.service(named: text) else { throw Self.invalid(text) }
        return port
    }

    private static func service(named name: String) -> UInt16? {
        guard let first = name.utf8.first, first != UInt8(ascii: "-"), !name.utf8.contains(0), name.utf8.count < 64
        else {
            return nil
        }
        // getservbyname answers in static storage.
        return Self.servicesDatabase.withLock { _ in
            guard let entry = getservbyname(name, "tcp") else { return nil }
            return UInt16(truncatingIfNeeded: entry.pointee.s_port).byteSwapped
        }
    }

    private static func invalid(_ text: String) -> InvalidValue {
        InvalidValue("\"\(text)\" is not a port, expected a number from 1 to 65535")
    }
}
