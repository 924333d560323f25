import Glibc
import SSHSystem
public import SSHWire

/// A listening socket that systemd opened and keeps open while the relay is restarted (sd_listen_fds(3)), so that no
/// connection attempt is lost.
public struct InheritedSocket: Hashable, Sendable {
    /// The relay owns it from now on.
    public let descriptor: Int32
    /// FileDescriptorName= of its unit.
    public let name: String
    public let isIPv6: Bool

    private static let first: Int32 = 3
    /// More than anybody listens on; systemd's own limit of open files is higher.
    private static let maximum: Int32 = 1024

    /// The sockets that this process was started with, for the first caller. Children do not get them.
    ///
    /// - Throws: `invalidConfiguration` for a socket that is not a listening TCP socket: the unit is wrong.
    public static func takeAll() throws(SSHError) -> [InheritedSocket] {
        defer { for name in ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"] { unsetenv(name) } }
        return try Self.find(
            environment: { name in getenv(name).map { String(cString: $0) } },
            processID: getpid(),
            first: Self.first
        )
    }

    static func find(
        environment: (String) -> String?,
        processID: pid_t,
        first: Int32
    ) throws(SSHError) -> [InheritedSocket] {
        // They are somebody else's if the variables were passed on by a parent.
        guard environment("LISTEN_PID").flatMap(pid_t.init) == processID,
            let count = environment("LISTEN_FDS").flatMap(Int32.init), (1...Self.maximum).contains(count)
        else { return [] }
        let names = environment("LISTEN_FDNAMES")?.split(separator: ":", omittingEmptySubsequences: false) ?? []
        var sockets: [InheritedSocket] = []
        for index in 0..<count {
            let name = Int(index) < names.count ? String(names[Int(index)]) : "unknown"
            sockets.append(try InheritedSocket(first + index, name))
        }
        return sockets
    }

    private init(_ descriptor: Int32, _ name: String) throws(SSHError) {
        guard socketOption(SO_ACCEPTCONN, of: descriptor) == 1,
            socketOption(SO_TYPE, of: descriptor) == Int32(SOCK_STREAM.rawValue),
            let family = socketOption(SO_DOMAIN, of: descriptor), family == AF_INET || family == AF_INET6
        else {
            throw SSHError(
                .invalidConfiguration,
                "descriptor \(descriptor) (\(name.escapedForLog)), which the relay was started with, is not a listening TCP socket"
            )
        }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        self.descriptor = descriptor
        self.name = name
        self.isIPv6 = family == AF_INET6
    }
}
