import Glibc
import NIOCore
import NIOPosix
import SSHForwarding
import SSHSystem
import SSHWire

extension RelayServer {
    /// Serves the one connection that standard input and output are, and returns when it has ended: `sshd -i`, for inetd and
    /// for ProxyCommand. The peer of a pipe is called UNKNOWN port 65535.
    ///
    /// Both become /dev/null: nothing else may write there, and the peer must see that they are closed.
    public func serveStandardStreams() async throws {
        let streams = try StandardStreams.take()
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        do {
            try await self.serve(streams, on: group)
        } catch {
            try? await group.shutdownGracefully()
            throw SSHError(.system, "cannot serve standard input and output: \(ErrorText.of(error))")
        }
        try? await group.shutdownGracefully()
    }

    private func serve(_ streams: StandardStreams, on group: MultiThreadedEventLoopGroup) async throws {
        self.context.setBudgets()
        let channel =
            switch streams {
            case .socket(let descriptor): try await self.serve(socket: descriptor, on: group)
            case .pipes(let input, let output): try await self.serve(input: input, output: output, on: group)
            }
        let watching = Task { try await self.watchFiles() }
        let reporting = Task { try await self.reportLeftOutLines() }
        try await channel.closeFuture.get()
        watching.cancel()
        reporting.cancel()
        self.context.reportLeftOutLines()
    }

    private func serve(socket descriptor: Int32, on group: MultiThreadedEventLoopGroup) async throws -> any Channel {
        let context = self.context
        let bootstrap = SocketOptions.connection(ClientBootstrap(group: group), keepalive: true)
            .channelOption(.autoRead, value: false)
        let channel = try await bootstrap.withConnectedSocket(descriptor).get()
        // Nothing is read before somebody is there to take it; and the socket's addresses are known only now.
        try await channel.eventLoop.submit {
            try Admission.begin(on: channel, context)
            channel.setOption(.autoRead, value: true).whenFailure { _ in channel.close(promise: nil) }
        }.get()
        return channel
    }

    /// A pipe whose other end is closed closes the channel as soon as it is registered, with what it still holds: whoever takes
    /// that must be there before.
    private func serve(input: Int32, output: Int32, on group: MultiThreadedEventLoopGroup) async throws -> any Channel {
        let context = self.context
        return try await SocketOptions.connection(NIOPipeBootstrap(group: group))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try Admission.begin(on: channel, context) }
            }
            .takingOwnershipOfDescriptors(input: input, output: output).get()
    }
}

/// What standard input and output are.
enum StandardStreams: Hashable {
    /// One TCP socket for both, as inetd gives it.
    case socket(Int32)
    /// Anything else that has two ends.
    case pipes(input: Int32, output: Int32)

    /// Moves them to descriptors of their own.
    static func take() throws(SSHError) -> StandardStreams {
        let (input, output) = (dup(STDIN_FILENO), dup(STDOUT_FILENO))
        let null = open("/dev/null", O_RDWR | O_CLOEXEC)
        guard input >= 0, output >= 0, null >= 0, dup2(null, STDIN_FILENO) >= 0, dup2(null, STDOUT_FILENO) >= 0 else {
            throw SSHError(.system, "cannot take standard input and output: \(SystemError())")
        }
        close(null)
        for descriptor in [input, output] { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
        guard let family = socketOption(SO_DOMAIN, of: input), family == AF_INET || family == AF_INET6,
            socketOption(SO_TYPE, of: input) == Int32(SOCK_STREAM.rawValue), Self.isOne(input, output)
        else { return .pipes(input: input, output: output) }
        close(output)
        return .socket(input)
    }

    private static func isOne(_ first: Int32, _ second: Int32) -> Bool {
        var (one, other) = (stat(), stat())
        guard fstat(first, &one) == 0, fstat(second, &other) == 0 else { return false }
        return one.st_dev == other.st_dev && one.st_ino == other.st_ino
    }
}
