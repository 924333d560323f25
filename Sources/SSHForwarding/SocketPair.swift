import Glibc
public import NIOCore
import NIOPosix

/// Two sockets of this process that are connected to each other: the way from one of its connections to another, at a quarter
/// of what TCP to ourselves costs.
public enum SocketPair {
    /// - Parameter onConnect: gets the second end on its event loop, before anything can be read from it.
    /// - Returns: the first end, unread. If one of them cannot be had, the other comes to its end at once.
    public static func connect(
        on first: any EventLoop,
        and second: any EventLoop,
        onConnect: @escaping @Sendable (any Channel) -> Void
    ) -> EventLoopFuture<any Channel> {
        var descriptors: [CInt] = [-1, -1]
        let type = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, type, 0, &descriptors) == 0 else {
            return first.makeFailedFuture(IOError(errnoCode: errno, reason: "socketpair"))
        }
        let far = descriptors[1]
        // In one piece: between its becoming active and its tunnel, a socket could hand over what its peer said to nobody.
        second.execute {
            SocketOptions.tunnel(on: second).withConnectedSocket(far).whenSuccess(onConnect)
        }
        return SocketOptions.tunnel(on: first).withConnectedSocket(descriptors[0])
    }
}
