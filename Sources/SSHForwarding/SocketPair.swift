import Glibc
public import NIOCore
import NIOPosix

/// Two sockets of this process that are connected to each other: the way from one of its connections to another, at a quarter
/// of what TCP to ourselves costs.
public enum SocketPair {
    /// - Returns: both ends, each on its event loop and unread. If one cannot be had, the other is closed by its end.
    public static func connect(
        on first: any EventLoop,
        and second: any EventLoop
    ) -> (first: EventLoopFuture<any Channel>, second: EventLoopFuture<any Channel>) {
        var descriptors: [CInt] = [-1, -1]
        let type = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, type, 0, &descriptors) == 0 else {
            let error = IOError(errnoCode: errno, reason: "socketpair")
            return (first.makeFailedFuture(error), second.makeFailedFuture(error))
        }
        return (
            SocketOptions.tunnel(on: first).withConnectedSocket(descriptors[0]),
            SocketOptions.tunnel(on: second).withConnectedSocket(descriptors[1])
        )
    }
}
