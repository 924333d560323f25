import NIOCore
import SSHForwarding

/// The headers that the relay itself sends, as a proxy.
extension ProxyHeader {
    /// For a socket that a client's listener accepted: who called, and what they called.
    init(caller socket: any Channel) {
        self.init(from: socket.remoteAddress, to: socket.localAddress)
    }

    /// For a socket to where a client's connection leads: the client, and the address that it leads to.
    init(client: PeerName, on socket: any Channel) {
        self.init(from: try? SocketAddress(ipAddress: client.address, port: client.port), to: socket.remoteAddress)
    }

    init(from source: SocketAddress?, to destination: SocketAddress?) {
        guard let source, let destination else {
            self = .unnamed
            return
        }
        self = .proxied(source: source, destination: destination)
    }
}
