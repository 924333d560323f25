import Glibc
import SSHSystem
import SSHWire

/// A path in the form that bind(2) and connect(2) take.
enum UnixSocketAddress {
    /// - Throws: `forwardingFailed` for a path that does not fit: the system would cut it.
    static func check(_ path: String) throws {
        guard path.utf8.count <= UnixAddress.maximumLength else {
            throw SSHError(
                .forwardingFailed,
                "a path of \(path.utf8.count) bytes is longer than the \(UnixAddress.maximumLength) of a Unix socket's"
            )
        }
        guard !path.isEmpty, !path.utf8.contains(0) else {
            throw SSHError(.forwardingFailed, "the path is empty or holds a NUL")
        }
    }

    /// A path to an open file: whatever happens to its name, this leads to it.
    static func path(of descriptor: Int32) -> String { "/proc/self/fd/\(descriptor)" }

    static func newSocket() throws -> Int32 {
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let descriptor = socket(AF_UNIX, type, 0)
        guard descriptor >= 0 else { throw SSHError(.forwardingFailed, "\(SystemError())") }
        return descriptor
    }

    /// - Returns: false with the reason in errno.
    static func bind(_ descriptor: Int32, to path: String) throws -> Bool {
        try Self.address(path).bind(descriptor)
    }

    /// - Returns: false with the reason in errno.
    static func connect(_ descriptor: Int32, to path: String) throws -> Bool {
        try Self.address(path).connect(descriptor)
    }

    private static func address(_ path: String) throws -> UnixAddress {
        try Self.check(path)
        guard let address = UnixAddress(path: path) else {
            throw SSHError(.forwardingFailed, "the path is no socket's")
        }
        return address
    }
}
