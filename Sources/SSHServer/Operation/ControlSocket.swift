import Logging
import NIOCore
import SSHForwarding
import SSHSystem
import SSHWire

/// A Unix socket through which programs of this machine give commands. The file's mode lets in who may: root, and the relay's
/// user and group.
///
/// Whoever comes in can hold up neither the relay nor the next: few are served at once, each has a few seconds for each step, and
/// what is no request ends that client alone.
final class ControlSocket: Sendable {
    /// Everybody but the file's user and group is kept out: 0660.
    private static let mask: UInt32 = 0o117
    private static let mostClients = 8

    /// Somebody who lives listens there: that is never taken from them.
    struct Occupied: Error {}

    let path: String
    private let eventLoop: any EventLoop
    private let listener: NIOLoopBound<UnixListener>
    private let file: UnixSocketFile.Identity

    private init(_ listener: UnixListener, on eventLoop: any EventLoop) {
        (self.path, self.file) = (listener.path, listener.file)
        self.eventLoop = eventLoop
        self.listener = NIOLoopBound(listener, eventLoop: eventLoop)
    }

    /// Opens the socket; a file that a dead relay has left makes way.
    ///
    /// - Throws: `Occupied`, or `SSHError` if it cannot be opened.
    static func open(
        _ path: String,
        on eventLoop: any EventLoop,
        _ operation: RelayOperation<some OperatedRelay>,
        logger: @escaping @Sendable () -> Logger
    ) async throws -> ControlSocket {
        let turn = await FolderTurn.wait(for: path)
        defer { turn.end() }
        let file = try UnixSocketFile.bind(path: path, mask: Self.mask, links: .followed, unlinks: true) { existing in
            guard try !existing.mayHaveListener() else { throw Occupied() }
        }
        let promise = eventLoop.makePromise(of: ControlSocket.self)
        eventLoop.execute {
            let clients = ControlClients(most: Self.mostClients)
            UnixListener.listen(
                on: file,
                eventLoop: eventLoop,
                remove: { file.remove() },
                onAccept: { clients.accept($0, operation, logger) },
                completion: { result in
                    promise.completeWith(result.map { ControlSocket($0, on: eventLoop) })
                }
            )
        }
        return try await promise.futureResult.get()
    }

    /// Whether it still listens, and under its name.
    func isOpen() async -> Bool {
        guard UnixSocketFile.Identity(at: self.path) == self.file else { return false }
        return (try? await self.eventLoop.submit { self.listener.value.isActive }.get()) ?? false
    }

    /// Takes nobody in any more; who is in gets the rest of its reply.
    func close() async {
        try? await self.eventLoop.submit { self.listener.value.close() }.get()
    }
}

/// Those who are in. Everything happens on one event loop.
final class ControlClients {
    private let most: Int
    private var count = 0

    init(most: Int) {
        self.most = most
    }

    func accept(
        _ socket: any Channel,
        _ operation: RelayOperation<some OperatedRelay>,
        _ logger: @escaping @Sendable () -> Logger
    ) {
        guard self.count < self.most else { return socket.close(promise: nil) }
        self.count += 1
        let client = ControlClient(
            answer: ControlAnswer(operation: operation, logger: logger).answer,
            onEnd: { self.count -= 1 }
        )
        do {
            try socket.pipeline.syncOperations.addHandler(client)
        } catch {
            self.count -= 1
            return socket.close(promise: nil)
        }
        socket.setOption(.autoRead, value: true).whenFailure { _ in socket.close(promise: nil) }
    }
}
