import NIOCore
public import NIOPosix

/// How sockets are set up, in one place.
public enum SocketOptions {
    /// What one read of a tunnel's socket may bring at most, and what waits in memory when the channel cannot take it.
    static let maximumRead = 256 * 1024
    static let maximumConnectionRead = 512 * 1024

    /// A socket whose bytes go through a tunnel: nothing is read before the tunnel is ready, and each direction ends by itself.
    public static func tunnel(_ bootstrap: ClientBootstrap) -> ClientBootstrap {
        bootstrap
            .channelOption(.autoRead, value: false)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelOption(.maxMessagesPerRead, value: 1)
            .channelOption(.recvAllocator, value: self.tunnelReads)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
    }

    public static func tunnel(_ bootstrap: ServerBootstrap) -> ServerBootstrap {
        bootstrap
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelOption(.backlog, value: 128)
            .childChannelOption(.autoRead, value: false)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(.maxMessagesPerRead, value: 1)
            .childChannelOption(.recvAllocator, value: self.tunnelReads)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
    }

    /// A tunnel's Unix socket: the same without what only TCP has.
    static func unixTunnel(_ bootstrap: ClientBootstrap) -> ClientBootstrap {
        bootstrap
            .channelOption(.autoRead, value: false)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelOption(.maxMessagesPerRead, value: 1)
            .channelOption(.recvAllocator, value: self.tunnelReads)
    }

    static func unixTunnel(_ bootstrap: ServerBootstrap) -> ServerBootstrap {
        bootstrap
            .serverChannelOption(.backlog, value: 128)
            .childChannelOption(.autoRead, value: false)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(.maxMessagesPerRead, value: 1)
            .childChannelOption(.recvAllocator, value: self.tunnelReads)
    }

    /// The socket of an SSH connection.
    public static func connection(_ bootstrap: ClientBootstrap, keepalive: Bool) -> ClientBootstrap {
        bootstrap
            .channelOption(.maxMessagesPerRead, value: 1)
            .channelOption(.recvAllocator, value: self.connectionReads)
            .channelOption(.writeBufferWaterMark, value: self.connectionWrites)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(.socketOption(.so_keepalive), value: keepalive ? 1 : 0)
    }

    public static func connection(_ bootstrap: ServerBootstrap, keepalive: Bool) -> ServerBootstrap {
        bootstrap
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelOption(.backlog, value: 1024)
            .childChannelOption(.maxMessagesPerRead, value: 1)
            .childChannelOption(.recvAllocator, value: self.connectionReads)
            .childChannelOption(.writeBufferWaterMark, value: self.connectionWrites)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.socketOption(.so_keepalive), value: keepalive ? 1 : 0)
    }

    /// The two ends of an SSH connection that is no socket.
    public static func connection(_ bootstrap: NIOPipeBootstrap) -> NIOPipeBootstrap {
        bootstrap
            .channelOption(.maxMessagesPerRead, value: 1)
            .channelOption(.recvAllocator, value: self.connectionReads)
            .channelOption(.writeBufferWaterMark, value: self.connectionWrites)
    }

    private static var tunnelReads: AdaptiveRecvByteBufferAllocator {
        AdaptiveRecvByteBufferAllocator(minimum: 1024, initial: 4096, maximum: self.maximumRead)
    }

    private static var connectionReads: AdaptiveRecvByteBufferAllocator {
        AdaptiveRecvByteBufferAllocator(minimum: 1024, initial: 2048, maximum: self.maximumConnectionRead)
    }

    private static var connectionWrites: ChannelOptions.Types.WriteBufferWaterMark {
        ChannelOptions.Types.WriteBufferWaterMark(low: 256 * 1024, high: 512 * 1024)
    }
}
