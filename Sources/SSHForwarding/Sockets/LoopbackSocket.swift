import Glibc
import NIOCore

/// A TCP connection to this very machine. The system makes it, or refuses it, while it is asked: nothing has to be waited for.
enum LoopbackSocket {
    /// - Returns: a connected socket that does not block and belongs to the caller; nil if the system takes its time after all.
    /// - Throws: `IOError`
    static func connect(to address: SocketAddress) throws -> CInt? {
        let flags = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let descriptor = socket(address.protocol == .inet6 ? AF_INET6 : AF_INET, flags, 0)
        guard descriptor >= 0 else { throw IOError(errnoCode: errno, reason: "socket") }
        LoopbackCongestion.set(on: descriptor)
        // The handshake is over when the first call returns; the second one says how it went (connect(2): EALREADY if it is not).
        for _ in 0..<2 {
            if self.connect(descriptor, to: address) == 0 { return descriptor }
            guard errno == EINPROGRESS else { break }
        }
        let error = errno
        close(descriptor)
        guard error != EALREADY, error != EINPROGRESS, error != EINTR else { return nil }
        throw IOError(errnoCode: error, reason: "connect")
    }

    private static func connect(_ descriptor: CInt, to address: SocketAddress) -> CInt {
        address.withSockAddr { Glibc.connect(descriptor, $0, socklen_t($1)) }
    }
}
