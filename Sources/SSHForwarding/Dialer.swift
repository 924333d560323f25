public import NIOCore
import NIOPosix
import SSHWire

/// Connects to where a tunnel leads, on the event loop of its SSH connection.
public struct Dialer {
    public var timeout: TimeAmount

    public init(timeout: TimeAmount = .seconds(30)) {
        self.timeout = timeout
    }

    /// - Parameter port: as it came from the peer; anything but 1 to 65535 fails.
    public func connect(host: String, port: UInt32, on eventLoop: any EventLoop) -> EventLoopFuture<any Channel> {
        guard let port = UInt16(exactly: port), port > 0 else {
            return eventLoop.makeFailedFuture(SSHError(.forwardingFailed, "\(port) is not a port"))
        }
        let bootstrap = SocketOptions.tunnel(on: eventLoop).connectTimeout(self.timeout)
        guard let address = try? SocketAddress(ipAddress: host, port: Int(port)) else {
            return LoopbackCongestion.set(on: bootstrap, host: host).connect(host: host, port: Int(port))
        }
        guard LoopbackCongestion.isLocal(host) else { return bootstrap.connect(to: address) }
        do {
            guard let socket = try LoopbackSocket.connect(to: address) else { return bootstrap.connect(to: address) }
            return bootstrap.withConnectedSocket(socket)
        } catch {
            return eventLoop.makeFailedFuture(error)
        }
    }
}
