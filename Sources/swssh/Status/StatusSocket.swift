import Glibc
import NIOCore
import SSHForwarding
import SSHSystem

/// A Unix socket that says to whoever connects how the forwards are doing, and nothing else: no byte of a caller is read.
final class StatusSocket: Sendable {
    /// Only the owner may connect: 0600.
    private static let mask: UInt32 = 0o177

    private struct Occupied: Error {}

    private let listener: NIOLoopBound<UnixListener>

    private init(_ listener: NIOLoopBound<UnixListener>) {
        self.listener = listener
    }

    /// Opens the first of a Host's sockets that nobody who lives listens on.
    ///
    /// - Parameter answer: what a caller gets.
    static func open(
        in folder: String,
        host: String,
        on eventLoop: any EventLoop,
        answer: @escaping @Sendable () async -> String
    ) async throws -> StatusSocket? {
        let turn = await FolderTurn.wait(for: "\(folder)/")
        defer { turn.end() }
        for slot in 0..<StatusFolder.slots {
            let path = "\(folder)/\(StatusFolder.name(of: host)).\(slot)"
            do {
                let file = try UnixSocketFile.bind(path: path, mask: Self.mask, links: .followed, unlinks: true) {
                    guard try !$0.mayHaveListener() else { throw Occupied() }
                }
                return try await Self.listen(on: file, eventLoop, answer)
            } catch is Occupied {
                continue
            }
        }
        return nil
    }

    private static func listen(
        on file: UnixSocketFile,
        _ eventLoop: any EventLoop,
        _ answer: @escaping @Sendable () async -> String
    ) async throws -> StatusSocket {
        let promise = eventLoop.makePromise(of: StatusSocket.self)
        eventLoop.execute {
            let callers = StatusCallers(answer)
            UnixListener.listen(
                on: file,
                eventLoop: eventLoop,
                remove: { file.remove() },
                onAccept: callers.accept,
                completion: { result in
                    promise.completeWith(result.map { StatusSocket(NIOLoopBound($0, eventLoop: eventLoop)) })
                }
            )
        }
        return try await promise.futureResult.get()
    }

    func close() async {
        try? await self.listener.eventLoop.submit { [listener] in listener.value.close() }.get()
    }
}

/// Those who have asked and wait for the answer. Everything happens on one event loop.
final class StatusCallers {
    private static let most = 8
    /// For the answer to be taken.
    private static let patience = TimeAmount.seconds(5)

    /// `struct ucred` of unix(7), which Swift does not see.
    private struct Caller {
        let process: pid_t
        let user: uid_t
        let group: gid_t
    }

    private let answer: @Sendable () async -> String
    private var count = 0

    init(_ answer: @escaping @Sendable () async -> String) {
        self.answer = answer
    }

    func accept(_ socket: any Channel) {
        guard self.count < Self.most else { return socket.close(promise: nil) }
        self.count += 1
        socket.closeFuture.assumeIsolated().whenComplete { _ in self.count -= 1 }
        socket.eventLoop.scheduleTask(in: Self.patience) { socket.close(promise: nil) }
        guard let options = socket as? any SocketOptionProvider else { return socket.close(promise: nil) }
        options.unsafeGetSocketOption(level: .socket, name: .init(rawValue: SO_PEERCRED)).whenComplete {
            [answer] (result: Result<Caller, any Error>) in
            guard case .success(let caller) = result, [0, geteuid()].contains(caller.user) else {
                return socket.close(promise: nil)
            }
            Task {
                try? await socket.writeAndFlush(ByteBuffer(string: await answer()))
                socket.close(promise: nil)
            }
        }
    }
}
