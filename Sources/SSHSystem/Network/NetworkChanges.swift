import Glibc
package import NIOCore
import NIOPosix
import SSHWire

/// Hears from the kernel when an address, a route or a link of this machine changes (rtnetlink(7)).
package enum NetworkChanges {
    // linux/netlink.h and linux/rtnetlink.h; Glibc's module has neither.
    private static let routes: Int32 = 0
    /// RTMGRP_LINK, _IPV4_IFADDR, _IPV4_ROUTE, _IPV6_IFADDR and _IPV6_ROUTE.
    private static let groups: UInt32 = 0x1 | 0x10 | 0x40 | 0x100 | 0x400

    /// struct sockaddr_nl.
    private struct Address {
        var family = UInt16(AF_NETLINK)
        var padding: UInt16 = 0
        var process: UInt32 = 0
        var groups: UInt32 = NetworkChanges.groups
    }

    /// - Parameter onChange: called on the event loop, several times for one change. What has changed is not read: whoever hears of it looks
    ///   at what matters to them.
    /// - Returns: what listens, to be closed by the caller. It closes by itself when the kernel had to leave changes out. Fails with
    ///   `system` where the kernel tells nothing, as in some containers.
    package static func listen(
        on eventLoop: any EventLoop,
        _ onChange: @escaping @Sendable () -> Void
    ) -> EventLoopFuture<any Channel> {
        do {
            return NIOPipeBootstrap(group: eventLoop)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(Handler(onChange))
                    }
                }
                .takingOwnershipOfDescriptor(input: try Self.open())
                .map { $0 }
        } catch {
            return eventLoop.makeFailedFuture(error)
        }
    }

    private static func open() throws -> Int32 {
        let type = Int32(SOCK_RAW.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let descriptor = socket(AF_NETLINK, type, Self.routes)
        guard descriptor >= 0 else { throw SSHError(.system, "netlink: error \(errno)") }
        var address = Address()
        let isBound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<Address>.size)) == 0
            }
        }
        guard isBound else {
            let number = errno
            close(descriptor)
            throw SSHError(.system, "netlink: error \(number)")
        }
        return descriptor
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        private let onChange: @Sendable () -> Void

        init(_ onChange: @escaping @Sendable () -> Void) {
            self.onChange = onChange
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {}

        func channelReadComplete(context: ChannelHandlerContext) {
            self.onChange()
        }

        func channelInactive(context: ChannelHandlerContext) {
            self.onChange()
        }
    }
}
