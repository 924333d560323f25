import NIOCore
import SSHForwarding
import SSHWire
import Synchronization

/// The relay's connections, so that all of them can be told something.
final class ConnectionRegistry: Sendable {
    private let connections = Mutex<[ObjectIdentifier: NIOLoopBound<ConnectionHandler>]>([:])

    /// Must be called on the connection's event loop, like `remove`.
    func insert(_ connection: ConnectionHandler, on eventLoop: any EventLoop) {
        let bound = NIOLoopBound(connection, eventLoop: eventLoop)
        self.connections.withLock { $0[ObjectIdentifier(connection)] = bound }
    }

    func remove(_ connection: ConnectionHandler) {
        self.connections.withLock { $0[ObjectIdentifier(connection)] = nil }
    }

    /// Says goodbye on every connection.
    func endAll() async {
        let all = self.connections.withLock { Array($0.values) }
        for connection in all {
            try? await connection.eventLoop.submit {
                connection.value.disconnect(.byApplication, "the relay is shutting down")
            }.get()
        }
    }
}
