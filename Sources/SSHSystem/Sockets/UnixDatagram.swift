import Glibc

/// A datagram socket to a service of this machine: the system's log, the journal, systemd.
///
/// It closes with its last owner. Sending never waits for a service that does not read.
package final class UnixDatagram: Sendable {
    private let descriptor: Int32

    /// - Parameter name: a path, or with a leading `@` a name in Linux's abstract namespace.
    /// - Returns: nil if nobody listens there, or if the name is too long to be an address.
    package init?(to name: String) {
        guard let address = UnixAddress(name) else { return nil }
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        guard address.connect(descriptor) else {
            close(descriptor)
            return nil
        }
        self.descriptor = descriptor
    }

    deinit {
        close(self.descriptor)
    }

    /// - Returns: 0, or the error's number.
    package func send(_ bytes: [UInt8]) -> Int32 {
        let flags = Int32(MSG_NOSIGNAL | MSG_DONTWAIT)
        return Glibc.send(self.descriptor, bytes, bytes.count, flags) == bytes.count ? 0 : errno
    }

    /// Waits until the service takes more.
    package func awaitSpace(milliseconds: Int32) {
        var state = pollfd(fd: self.descriptor, events: Int16(POLLOUT), revents: 0)
        poll(&state, 1, milliseconds)
    }
}
