import Glibc
package import NIOCore
import NIOPosix
import SSHSystem
import SSHWire

/// Pairs of sockets that stand between two parts of the program.
package enum LocalSockets {
    /// Two descriptors, each the other's end.
    package static func pair() throws -> (Int32, Int32) {
        var descriptors: [Int32] = [-1, -1]
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, type, 0, &descriptors) == 0 else {
            throw SSHError(.system, "socketpair: \(SystemError())")
        }
        return (descriptors[0], descriptors[1])
    }

    /// Takes over one end for an SSH connection or a tunnel; it is not reading yet.
    package static func channel(_ descriptor: Int32, on eventLoop: any EventLoop) -> EventLoopFuture<any Channel> {
        self.bootstrap(eventLoop).withConnectedSocket(descriptor)
    }

    private static func bootstrap(_ eventLoop: any EventLoop) -> ClientBootstrap {
        ClientBootstrap(group: eventLoop)
            .channelOption(.autoRead, value: false)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelOption(.maxMessagesPerRead, value: 1)
            .channelOption(
                .recvAllocator,
                value: AdaptiveRecvByteBufferAllocator(minimum: 1024, initial: 4096, maximum: 256 * 1024)
            )
            .channelOption(
                .writeBufferWaterMark,
                value: ChannelOptions.Types.WriteBufferWaterMark(low: 256 * 1024, high: 512 * 1024)
            )
    }
}
