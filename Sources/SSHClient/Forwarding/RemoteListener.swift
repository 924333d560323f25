import NIOCore
public import SSHForwarding
import SSHWire

/// A listener of the server, as a sequence of the connections that come to it.
///
/// A connection is accepted when it is taken; up to 128 wait for that. One task at a time may take them. The sequence ends after
/// `close`, and throws what ended the connection to the server. A listener that nobody holds any more is closed.
public final class RemoteListener: AsyncSequence, Sendable {
    public typealias Element = IncomingTunnel
    public typealias Failure = any Error

    /// The port that the server listens on: the one asked for, or the one it chose; nil for a Unix socket.
    public let port: UInt16?
    private let ended: EndFlag
    private let incoming: NIOLoopBound<IncomingTunnels>
    private let connection: NIOLoopBound<ClientConnection>

    init(_ incoming: IncomingTunnels, _ connection: ClientConnection) {
        self.port = incoming.listener.port
        self.ended = incoming.ended
        self.incoming = NIOLoopBound(incoming, eventLoop: connection.eventLoop)
        self.connection = NIOLoopBound(connection, eventLoop: connection.eventLoop)
    }

    deinit {
        guard !self.ended.isSet else { return }
        self.incoming.eventLoop.execute { [incoming, connection] in
            connection.value.forwards?.endListening(incoming.value)
        }
    }

    /// Asks the server to listen no more. Connections that have been taken stay.
    public func close() async {
        // With the event loop, the listener is gone.
        try? await self.incoming.eventLoop.submit { [incoming, connection] in
            connection.value.forwards?.endListening(incoming.value)
        }.get()
    }

    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(listener: self)
    }

    public struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate let listener: RemoteListener

        public mutating func next() async throws -> IncomingTunnel? {
            try await self.listener.next()
        }
    }

    private func next() async throws -> IncomingTunnel? {
        let request = IncomingTunnels.Request(tunnel: self.incoming.eventLoop.makePromise())
        return try await withTaskCancellationHandler {
            self.incoming.eventLoop.execute { [incoming] in incoming.value.take(request) }
            return try await request.tunnel.futureResult.get()
        } onCancel: {
            self.incoming.eventLoop.execute { [incoming] in incoming.value.cancel(request) }
        }
    }
}

/// Somebody's connection to a listener of the server.
public struct IncomingTunnel: Sendable {
    public let stream: TunnelStream
    /// Where the connection comes from, as the server says; nil for a Unix socket.
    public let originator: (address: String, port: UInt32)?

    init(stream: TunnelStream, _ kind: ChannelOpen.Kind) {
        self.stream = stream
        if case .forwardedTCPIP(let addresses) = kind {
            self.originator = (addresses.originatorAddress, addresses.originatorPort)
        } else {
            self.originator = nil
        }
    }
}
