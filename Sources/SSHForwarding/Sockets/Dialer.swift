public import NIOCore
import NIOPosix
import SSHWire

/// Connects to where a tunnel leads, on the event loop of its SSH connection.
public struct Dialer {
    public var timeout: TimeAmount
    private let asker: LookupAsker?
    private let isWanted: @Sendable () -> Bool

    /// - Parameters:
    ///   - asker: on whose behalf names are looked up; nil if everything is on behalf of the same.
    ///   - isWanted: a look-up that waits for its turn is not begun when nobody waits for it any more.
    public init(
        timeout: TimeAmount = .seconds(30),
        for asker: LookupAsker? = nil,
        isWanted: @escaping @Sendable () -> Bool = { true }
    ) {
        self.timeout = timeout
        self.asker = asker
        self.isWanted = isWanted
    }

    /// - Parameter port: as it came from the peer; anything but 1 to 65535 fails.
    public func connect(host: String, port: UInt32, on eventLoop: any EventLoop) -> EventLoopFuture<any Channel> {
        guard let port = UInt16(exactly: port), port > 0 else {
            return eventLoop.makeFailedFuture(SSHError(.forwardingFailed, "\(port) is not a port"))
        }
        let bootstrap = SocketOptions.tunnel(on: eventLoop).connectTimeout(self.timeout)
        // What everybody calls so needs no asking, and does not have to wait behind names that do.
        let hosts = host == "localhost" ? ["::1", "127.0.0.1"] : [host]
        let addresses = hosts.compactMap { try? SocketAddress(ipAddress: $0, port: Int(port)) }
        guard let first = addresses.first else {
            let lookup = NameLookup(on: eventLoop, for: self.asker, isWanted: self.isWanted)
            return bootstrap.resolver(lookup).connect(host: host, port: Int(port))
        }
        guard LoopbackCongestion.isLocal(host) else { return bootstrap.connect(to: first) }
        return self.connect(toThisMachine: addresses, bootstrap, on: eventLoop)
    }

    /// To the first of the addresses that somebody listens on.
    private func connect(
        toThisMachine addresses: [SocketAddress],
        _ bootstrap: ClientBootstrap,
        on eventLoop: any EventLoop
    ) -> EventLoopFuture<any Channel> {
        var failure: any Error = SSHError(.forwardingFailed, "no address")
        var slow: SocketAddress?
        for address in addresses {
            do {
                if let socket = try LoopbackSocket.connect(to: address) { return bootstrap.withConnectedSocket(socket) }
                slow = slow ?? address
            } catch {
                failure = error
            }
        }
        return slow.map { bootstrap.connect(to: $0) } ?? eventLoop.makeFailedFuture(failure)
    }
}
