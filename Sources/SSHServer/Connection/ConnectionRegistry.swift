import NIOCore
import Synchronization

/// The relay's connections, so that all of them can be told something.
final class ConnectionRegistry: Sendable {
    private struct Entry {
        let connection: NIOLoopBound<ServerConnection>
        /// What the login rests on; nil before it.
        var files: WatchedFiles?
        /// Seconds since 1970: when the login ends by itself.
        var expires: UInt64?
    }

    private let entries = Mutex<[UInt64: Entry]>([:])

    /// Must be called on the connection's event loop.
    func insert(_ connection: ServerConnection, on eventLoop: any EventLoop) {
        let bound = NIOLoopBound(connection, eventLoop: eventLoop)
        self.entries.withLock { $0[connection.id] = Entry(connection: bound) }
    }

    func remove(_ id: UInt64) {
        self.entries.withLock { $0[id] = nil }
    }

    /// The connection's login rests on these files, and on the time.
    func update(_ id: UInt64, files: WatchedFiles, expires: UInt64?) {
        // The old files are let go of outside of the lock: that takes another lock.
        let old = self.entries.withLock { entries in
            let old = entries[id]?.files
            entries[id]?.files = files
            entries[id]?.expires = expires
            return old
        }
        withExtendedLifetime(old) {}
    }

    var isEmpty: Bool { self.entries.withLock { $0.isEmpty } }

    var all: [NIOLoopBound<ServerConnection>] { self.entries.withLock { $0.values.map(\.connection) } }

    func connection(_ id: UInt64) -> NIOLoopBound<ServerConnection>? {
        self.entries.withLock { $0[id]?.connection }
    }

    /// The numbers of all that are there now, rising.
    var numbers: [UInt64] { self.entries.withLock { Array($0.keys) }.sorted() }

    /// Those that are still there, with their numbers.
    func connections(_ numbers: ArraySlice<UInt64>) -> [(UInt64, NIOLoopBound<ServerConnection>)] {
        self.entries.withLock { entries in
            numbers.compactMap { number in entries[number].map { (number, $0.connection) } }
        }
    }

    /// A connection that has not logged in makes way for others.
    func makeWay(_ id: UInt64) {
        guard let connection = self.connection(id) else { return }
        connection.eventLoop.execute { connection.value.makeWay() }
    }

    /// A connection's handshake may go on.
    func giveTurn(_ id: UInt64) {
        guard let connection = self.connection(id) else { return }
        connection.eventLoop.execute { connection.value.turnHasCome() }
    }

    /// Those whose login rests on one of the files, or has come to its end.
    func affected(by changes: Set<String>, at now: UInt64) -> [NIOLoopBound<ServerConnection>] {
        self.entries.withLock { entries in
            entries.values.filter { entry in
                if let expires = entry.expires, expires <= now { return true }
                guard !changes.isEmpty, let files = entry.files else { return false }
                return files.paths.contains(where: changes.contains)
            }.map(\.connection)
        }
    }
}

extension [NIOLoopBound<ServerConnection>] {
    /// Calls the body for each connection on its event loop; one hop for all connections of a loop.
    func onEventLoops<Result: Sendable>(
        _ body: @escaping @Sendable (ServerConnection) -> Result
    ) async -> [Result] {
        let loops = Dictionary(grouping: self) { ObjectIdentifier($0.eventLoop) }
        var results: [Result] = []
        for connections in loops.values {
            guard let eventLoop = connections.first?.eventLoop else { continue }
            let answers = try? await eventLoop.submit { connections.map { body($0.value) } }.get()
            results += answers ?? []
        }
        return results
    }
}
