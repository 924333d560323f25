import Glibc
import NIOCore
import NIOPosix
import SSHWire

/// Standard input and output as one socket, for `-W`.
///
/// Two threads copy: they take terminals, files and pipes alike, and leave the modes of descriptors that others share alone.
struct StandardStreams {
    private static let pieceLength = 256 * 1024

    /// What a tunnel is joined to, as soon as it is there.
    let channel: EventLoopFuture<any Channel>
    /// Everything that came for standard output has been written.
    let outputEnd: EventLoopFuture<Void>

    /// - Parameter inputIsNull: standard input is left alone, and counts as empty.
    static func open(inputIsNull: Bool, on eventLoop: any EventLoop) throws -> StandardStreams {
        let (ours, theirs) = try LocalSockets.pair()
        let channel = LocalSockets.channel(theirs, on: eventLoop)
        let threads = NIOThreadPool(numberOfThreads: 2)
        threads.start()
        if inputIsNull {
            shutdown(ours, Int32(SHUT_WR))
        } else {
            _ = threads.runIfActive(eventLoop: eventLoop) {
                Self.copy(from: STDIN_FILENO, to: ours)
                shutdown(ours, Int32(SHUT_WR))
            }
        }
        let outputEnd = threads.runIfActive(eventLoop: eventLoop) {
            let hasReachedEnd = Self.copy(from: ours, to: STDOUT_FILENO)
            if !hasReachedEnd { shutdown(ours, Int32(SHUT_RDWR)) }
            // Whoever reads our output learns of its end while input may go on.
            _ = close(STDOUT_FILENO)
        }
        return StandardStreams(channel: channel, outputEnd: outputEnd)
    }

    /// - Returns: true at the end of the source, false if the sink takes no more.
    @discardableResult
    private static func copy(from source: Int32, to sink: Int32) -> Bool {
        var piece = [UInt8](repeating: 0, count: self.pieceLength)
        while true {
            let count = read(source, &piece, piece.count)
            if count < 0, self.waits(source, POLLIN) { continue }
            guard count > 0 else { return true }
            guard self.write(piece[..<count], to: sink) else { return false }
        }
    }

    private static func write(_ bytes: ArraySlice<UInt8>, to sink: Int32) -> Bool {
        var rest = bytes
        while !rest.isEmpty {
            let count = Glibc.write(sink, Array(rest), rest.count)
            if count < 0, self.waits(sink, POLLOUT) { continue }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }

    /// - Returns: whether the call is to be made again; a descriptor that others made non-blocking is waited for.
    private static func waits(_ descriptor: Int32, _ events: Int32) -> Bool {
        guard errno == EAGAIN else { return errno == EINTR }
        var descriptor = pollfd(fd: descriptor, events: Int16(events), revents: 0)
        return poll(&descriptor, 1, -1) >= 0 || errno == EINTR
    }
}
