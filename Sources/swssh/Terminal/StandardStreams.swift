import Glibc
import NIOCore
import NIOPosix
import SSHClient
import SSHWire

/// Standard input and output as one socket, for `-W`.
///
/// Two threads copy: they take terminals, files and pipes alike, and leave the modes of descriptors that others share alone.
struct StandardStreams: Sendable {
    private static let pieceLength = 256 * 1024

    private let eventLoop: any EventLoop
    private let copied: Int32
    private let joined: Int32

    init(on eventLoop: any EventLoop) throws {
        self.eventLoop = eventLoop
        (self.copied, self.joined) = try LocalSockets.pair()
    }

    /// What a tunnel is joined to. Take it once.
    func channel() -> EventLoopFuture<any Channel> {
        LocalSockets.channel(self.joined, on: self.eventLoop)
    }

    /// Starts to copy. Somebody must have the channel by then: at the end of input it hands over what it holds.
    ///
    /// - Parameter inputIsNull: standard input is left alone, and counts as empty.
    /// - Returns: succeeds when everything that came for standard output has been written.
    func start(inputIsNull: Bool) -> EventLoopFuture<Void> {
        let copied = self.copied
        let threads = NIOThreadPool(numberOfThreads: 2)
        threads.start()
        if inputIsNull {
            shutdown(copied, Int32(SHUT_WR))
        } else {
            _ = threads.runIfActive(eventLoop: self.eventLoop) {
                Self.copy(from: STDIN_FILENO, to: copied)
                shutdown(copied, Int32(SHUT_WR))
            }
        }
        return threads.runIfActive(eventLoop: self.eventLoop) {
            let hasReachedEnd = Self.copy(from: copied, to: STDOUT_FILENO)
            // As in ssh, the target's end is the end of what it is told.
            shutdown(copied, Int32(hasReachedEnd ? SHUT_WR : SHUT_RDWR))
            // Whoever reads our output learns of its end while input may go on. The number must not get another meaning.
            let null = Glibc.open("/dev/null", O_WRONLY | O_CLOEXEC)
            if null >= 0 { dup2(null, STDOUT_FILENO) }
        }
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
