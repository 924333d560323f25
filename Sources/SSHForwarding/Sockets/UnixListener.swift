public import NIOCore
import NIOPosix
import SSHWire

/// One forward's listening Unix socket, on the event loop of its SSH connection. Its file is removed with it.
///
/// All calls must come on that event loop.
public final class UnixListener {
    /// As it was asked for.
    public let path: String
    public let file: UnixSocketFile.Identity
    private let channel: any Channel
    private let remove: () -> Void
    private var isClosed = false

    private init(_ file: UnixSocketFile, channel: any Channel, remove: @escaping () -> Void) {
        self.path = file.path
        self.file = file.identity
        self.channel = channel
        self.remove = remove
    }

    /// Listens on a socket that is bound, and takes it over.
    ///
    /// - Parameters:
    ///   - remove: called once, when the listener closes or could not be made: removes the file.
    ///   - onAccept: gets each socket, connected and not reading yet.
    ///   - completion: gets the listener, or why there is none.
    public static func listen(
        on file: UnixSocketFile,
        eventLoop: any EventLoop,
        remove: @escaping () -> Void,
        onAccept: @escaping (any Channel) -> Void,
        completion: @escaping (Result<UnixListener, any Error>) -> Void
    ) {
        let bootstrap = SocketOptions.tunnelListener(on: eventLoop, isTCP: false, onAccept: onAccept)
        let bound = bootstrap.withBoundSocket(file.descriptor)
        bound.hop(to: eventLoop).assumeIsolated().whenComplete { result in
            if case .failure = result { remove() }
            completion(result.map { UnixListener(file, channel: $0, remove: remove) })
        }
    }

    /// Whether it still listens: the system may have closed it.
    public var isActive: Bool { self.channel.isActive }

    public func close() {
        guard !self.isClosed else { return }
        self.isClosed = true
        self.remove()
        self.channel.close(promise: nil)
    }
}
