import Glibc
import SSHWire

/// A path in the form that bind(2) and connect(2) take.
enum UnixSocketAddress {
    /// `sun_path` ends with a NUL.
    static let maximumLength = MemoryLayout.size(ofValue: sockaddr_un().sun_path) - 1

    /// - Throws: `forwardingFailed` for a path that does not fit: the system would cut it.
    static func check(_ path: String) throws {
        guard path.utf8.count <= Self.maximumLength else {
            throw SSHError(
                .forwardingFailed,
                "a path of \(path.utf8.count) bytes is longer than the \(Self.maximumLength) of a Unix socket's"
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
        guard descriptor >= 0 else { throw SSHError(.forwardingFailed, SystemReason.last) }
        return descriptor
    }

    /// - Returns: 0, or -1 with the reason in errno.
    static func bind(_ descriptor: Int32, to path: String) throws -> Int32 {
        try Self.withAddress(path) { Glibc.bind(descriptor, $0, $1) }
    }

    /// - Returns: 0, or -1 with the reason in errno.
    static func connect(_ descriptor: Int32, to path: String) throws -> Int32 {
        try Self.withAddress(path) { Glibc.connect(descriptor, $0, $1) }
    }

    private static func withAddress(
        _ path: String,
        _ call: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) throws -> Int32 {
        try Self.check(path)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        // The rest of `sun_path` is zero already, and the path is shorter.
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let length = socklen_t(MemoryLayout<sockaddr_un>.size)
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { call($0, length) }
        }
    }
}
