import NIOCore
import SSHConfiguration
import SSHForwarding

/// From where to where a client's connection goes: its socket's addresses, or those that a trusted proxy names.
struct ConnectionAddresses: Sendable {
    let remote: SocketAddress?
    let local: SocketAddress?

    /// A proxy has its header ready when it connects.
    static let headerTimeout = TimeAmount.seconds(5)

    init(remote: SocketAddress?, local: SocketAddress?) {
        self.remote = remote
        self.local = local
    }

    init(of channel: any Channel) {
        self.init(remote: channel.remoteAddress, local: channel.localAddress)
    }

    private init(_ header: ProxyHeader, of channel: any Channel) {
        switch header {
        case .unnamed:
            self.init(of: channel)
        case .proxied(let source, let destination):
            self.init(remote: source, local: destination)
        }
    }

    /// Finds out who connects. A socket from one of `proxies` must begin with a PROXY header; from anybody else's nothing is
    /// read, so that a header there is just no SSH.
    ///
    /// Must be called on the channel's event loop, before anything is read.
    ///
    /// - Parameter completion: called at once, or when the header is there; after a failure the socket is being closed.
    static func find(
        of channel: any Channel,
        proxies: [AddressRange],
        timeout: TimeAmount = Self.headerTimeout,
        completion: @escaping (Result<ConnectionAddresses, any Error>) -> Void
    ) throws {
        guard !proxies.isEmpty else { return completion(.success(ConnectionAddresses(of: channel))) }
        let peer = PeerName(channel.remoteAddress).address
        guard let address = IPAddress(peer)?.normalized, proxies.contains(where: { $0.contains(address) }) else {
            return completion(.success(ConnectionAddresses(of: channel)))
        }
        let reader = ProxyHeaderReader(timeout: timeout) { result in
            completion(result.map { ConnectionAddresses($0, of: channel) })
        }
        try channel.pipeline.syncOperations.addHandler(reader)
    }
}
