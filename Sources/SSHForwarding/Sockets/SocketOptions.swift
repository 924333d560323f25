import Glibc
package import NIOCore
public import NIOPosix

/// How sockets are set up, in one place.
public enum SocketOptions {
    static let maximumConnectionRead = 512 * 1024
    /// What the kernel holds of an SSH connection beyond what the network can take. Only TCP has it.
    private static let kernelUnsent = ChannelOptions.Types.SocketOption(
        level: .tcp,
        name: .init(rawValue: TCP_NOTSENT_LOWAT)
    )

    /// Connects sockets whose bytes go through a tunnel: nothing is read before the tunnel is ready, and each direction
    /// ends by itself. What only TCP has, a bootstrap sets by itself (TCP_NODELAY).
    static func tunnel(on eventLoop: any EventLoop) -> ClientBootstrap {
        ClientBootstrap(group: eventLoop).channelInitializer { channel in
            channel.eventLoop.makeCompletedFuture { try self.setUpTunnel(channel, isTCP: false) }
        }
    }

    /// A listener whose sockets' bytes go through tunnels: each is handed over connected and not reading yet.
    ///
    /// There are as many listeners as clients, so the options are set on a socket when it comes: a bootstrap would keep its
    /// list of them with every listener.
    static func tunnelListener(
        on eventLoop: any EventLoop,
        isTCP: Bool,
        onAccept: @escaping (any Channel) -> Void
    ) -> ServerBootstrap {
        let accept = NIOLoopBound(onAccept, eventLoop: eventLoop)
        return ServerBootstrap(group: eventLoop, childGroup: eventLoop)
            .serverChannelOption(.backlog, value: 128)
            .serverChannelInitializer(AcceptPause.adding())
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try self.setUpTunnel(channel, isTCP: isTCP)
                    try channel.pipeline.syncOperations.addHandler(AcceptHandler(accept.value))
                }
            }
    }

    private static func setUpTunnel(_ channel: any Channel, isTCP: Bool) throws {
        guard let options = channel.syncOptions else { return }
        try options.setOption(.autoRead, value: false)
        try options.setOption(.allowRemoteHalfClosure, value: true)
        try options.setOption(.maxMessagesPerRead, value: 1)
        try options.setOption(.recvAllocator, value: self.reads(.quiet))
        if isTCP { try options.setOption(.tcpOption(.tcp_nodelay), value: 1) }
    }

    /// The socket of an SSH connection.
    public static func connection(_ bootstrap: ClientBootstrap, keepalive: Bool) -> ClientBootstrap {
        bootstrap
            .channelOption(.maxMessagesPerRead, value: 1)
            .channelOption(.recvAllocator, value: self.connectionReads)
            .channelOption(.writeBufferWaterMark, value: self.connectionWrites)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(self.kernelUnsent, value: .init(UnsentLimit().limit))
            .channelOption(.socketOption(.so_keepalive), value: keepalive ? 1 : 0)
    }

    /// - Parameters:
    ///   - accepted: bounds the sockets for which `onAccept` has not been called yet.
    ///   - onAcceptError: hears, once a minute at most, why no connection can be taken.
    ///   - onAccept: gets each socket, on its event loop.
    package static func connection(
        _ bootstrap: ServerBootstrap,
        keepalive: Bool,
        accepted: AcceptedConnections = AcceptedConnections(limit: 64),
        onAcceptError: (@Sendable (any Error) -> Void)? = nil,
        onAccept: @escaping @Sendable (any Channel) throws -> Void
    ) -> ServerBootstrap {
        bootstrap
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            // As many as the system allows (net.core.somaxconn): a fleet that comes back waits here before it is accepted.
            .serverChannelOption(.backlog, value: 65_535)
            .serverChannelOption(.maxMessagesPerRead, value: 16)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandlers([AcceptPause(onAcceptError), AcceptBound(accepted)])
                }
            }
            // On Linux, an accepted socket has these from the one that listens.
            .serverChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .serverChannelOption(.socketOption(.so_keepalive), value: keepalive ? 1 : 0)
            .childChannelInitializer { channel in
                defer { accepted.begun() }
                return channel.eventLoop.makeCompletedFuture {
                    try self.setUpConnection(channel)
                    try onAccept(channel)
                }
            }
    }

    /// At once, where a bootstrap makes a future for each.
    private static func setUpConnection(_ channel: any Channel) throws {
        guard let options = channel.syncOptions else { return }
        try options.setOption(.maxMessagesPerRead, value: 1)
        try options.setOption(.recvAllocator, value: self.connectionReads)
        try options.setOption(.writeBufferWaterMark, value: self.connectionWrites)
        try options.setOption(self.kernelUnsent, value: .init(UnsentLimit().limit))
    }

    /// The two ends of an SSH connection that is no socket.
    public static func connection(_ bootstrap: NIOPipeBootstrap) -> NIOPipeBootstrap {
        bootstrap
            .channelOption(.maxMessagesPerRead, value: 1)
            .channelOption(.recvAllocator, value: self.connectionReads)
            .channelOption(.writeBufferWaterMark, value: self.connectionWrites)
    }

    /// What is read at a time from a tunnel's socket.
    static func reads(_ size: TunnelReads.Size) -> UnpooledReads {
        UnpooledReads(initial: 4096, maximum: size.bytes)
    }

    /// The same for one that has just filled smaller buffers.
    static func busyReads(_ size: TunnelReads.Size) -> UnpooledReads {
        let initial = min(size.bytes, TunnelReads.Size.busy.bytes)
        return UnpooledReads(initial: initial, maximum: size.bytes)
    }

    /// From now on so much is read at a time from a tunnel's socket, or end in memory.
    static func setReads(_ reads: UnpooledReads, on channel: any Channel) {
        // A socket that is just closing may say no.
        try? channel.syncOptions?.setOption(.recvAllocator, value: reads)
    }

    private static var connectionReads: UnpooledReads {
        // First comes the identification line, alone or with a KEXINIT of ours.
        UnpooledReads(first: 1024, initial: 2048, maximum: self.maximumConnectionRead)
    }

    private static var connectionWrites: ChannelOptions.Types.WriteBufferWaterMark { self.waterMark(UnsentLimit()) }

    private static func waterMark(_ limit: UnsentLimit) -> ChannelOptions.Types.WriteBufferWaterMark {
        ChannelOptions.Types.WriteBufferWaterMark(low: limit.queued / 2, high: limit.queued)
    }

    /// From now on an SSH connection's socket holds so much.
    static func set(_ limit: UnsentLimit, on channel: any Channel) {
        try? channel.syncOptions?.setOption(.writeBufferWaterMark, value: self.waterMark(limit))
        try? channel.syncOptions?.setOption(self.kernelUnsent, value: .init(clamping: limit.limit))
    }
}
