import NIOCore
import SSHForwarding
import SSHProtocol
import SSHWire

/// Connections to one listener of the server that nobody here has taken yet. All calls come on the connection's event loop.
final class IncomingTunnels {
    /// Somebody waits for the next one.
    final class Request: Sendable {
        let tunnel: EventLoopPromise<IncomingTunnel?>

        init(tunnel: EventLoopPromise<IncomingTunnel?>) {
            self.tunnel = tunnel
        }
    }

    /// So many may wait, as with listen(2); what comes beyond is refused.
    static let backlog = 128

    let listener: RemoteForwards.Listener
    /// Set when no more will come.
    let ended = EndFlag()
    private let connection: ConnectionHandler
    private var waiting: [(id: ChannelID, kind: ChannelOpen.Kind)] = []
    private var taker: Request?
    /// Cancelled before it came here.
    private var cancelled: Request?
    /// Set when there will be no more; an error if the connection has ended.
    private var end: (any Error)??

    init(_ listener: RemoteForwards.Listener, _ connection: ConnectionHandler) {
        self.listener = listener
        self.connection = connection
    }

    func arrived(_ id: ChannelID, _ kind: ChannelOpen.Kind) {
        guard self.waiting.count < Self.backlog else {
            return self.connection.refuse(id, .resourceShortage, "too many connections wait")
        }
        self.waiting.append((id, kind))
        guard let taker = self.taker else { return }
        self.taker = nil
        self.take(taker)
    }

    func take(_ request: Request) {
        if self.cancelled === request {
            self.cancelled = nil
            return request.tunnel.fail(CancellationError())
        }
        guard self.taker == nil else {
            return request.tunnel.fail(SSHError(.misuse, "connections are taken by one task at a time"))
        }
        if let end = self.end {
            if let error = end { request.tunnel.fail(error) } else { request.tunnel.succeed(nil) }
            return
        }
        guard !self.waiting.isEmpty else { return self.taker = request }
        let (id, kind) = self.waiting.removeFirst()
        guard let stream = TunnelStream.accept(id, on: self.connection) else { return request.tunnel.succeed(nil) }
        request.tunnel.succeed(IncomingTunnel(stream: stream, kind))
    }

    func cancel(_ request: Request) {
        guard self.taker === request else { return self.cancelled = request }
        self.taker = nil
        request.tunnel.fail(CancellationError())
    }

    /// - Parameter error: nil if we have asked for no more.
    func end(_ error: (any Error)?) {
        guard self.end == nil else { return }
        self.end = .some(error)
        self.ended.set()
        let waiting = self.waiting
        self.waiting = []
        for (id, _) in waiting { self.connection.refuse(id, .connectFailed, "Connection refused") }
        guard let taker = self.taker else { return }
        self.taker = nil
        self.take(taker)
    }
}
