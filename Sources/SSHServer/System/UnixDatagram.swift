import Glibc

/// A datagram socket to a service of this machine: the system's log, the journal, systemd.
///
/// It closes with its last owner. Sending never waits for a service that does not read.
final class UnixDatagram: Sendable {
    private let descriptor: Int32

    /// - Parameter name: a path, or with a leading `@` a name in Linux's abstract namespace.
    /// - Returns: nil if nobody listens there, or if the name is too long to be an address.
    init?(to name: String) {
        guard var address = UnixAddress(name) else { return nil }
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
    func send(_ bytes: [UInt8]) -> Int32 {
        let flags = Int32(MSG_NOSIGNAL | MSG_DONTWAIT)
        return Glibc.send(self.descriptor, bytes, bytes.count, flags) == bytes.count ? 0 : errno
    }

    /// Waits until the service takes more.
    func awaitSpace(milliseconds: Int32) {
        var state = pollfd(fd: self.descriptor, events: Int16(POLLOUT), revents: 0)
        poll(&state, 1, milliseconds)
    }
}

/// A Unix socket's name in the form of the system's calls.
struct UnixAddress {
    private var address = sockaddr_un()
    private let length: socklen_t

    /// - Parameter name: a path, or with a leading `@` a name in Linux's abstract namespace.
    init?(_ name: String) {
        var bytes = Array(name.utf8)
        guard let first = bytes.first, first == UInt8(ascii: "/") || first == UInt8(ascii: "@"), !bytes.contains(0),
            bytes.count < MemoryLayout.size(ofValue: self.address.sun_path)
        else { return nil }
        let isAbstract = first == UInt8(ascii: "@")
        if isAbstract { bytes[0] = 0 }
        let header = MemoryLayout<sockaddr_un>.size - MemoryLayout.size(ofValue: self.address.sun_path)
        // An abstract name ends with the address; a path ends with its NUL.
        self.length = socklen_t(header + bytes.count + (isAbstract ? 0 : 1))
        self.address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &self.address.sun_path) { $0.copyBytes(from: bytes) }
    }

    mutating func connect(_ descriptor: Int32) -> Bool {
        self.call(Glibc.connect, descriptor)
    }

    mutating func bind(_ descriptor: Int32) -> Bool {
        self.call(Glibc.bind, descriptor)
    }

    private mutating func call(
        _ function: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Int32,
        _ descriptor: Int32
    ) -> Bool {
        withUnsafePointer(to: &self.address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { function(descriptor, $0, self.length) == 0 }
        }
    }
}
