import Glibc
public import NIOCore
import NIOPosix
import SSHWire

extension Dialer {
    /// Connects to a Unix socket.
    ///
    /// - Parameter links: with `.refused` the path leads to that very file, or to nothing.
    public func connect(
        path: String,
        _ links: SymbolicLinks,
        on eventLoop: any EventLoop
    ) -> EventLoopFuture<any Channel> {
        let bootstrap = SocketOptions.tunnel(on: eventLoop).connectTimeout(self.timeout)
        do {
            let folder = try UnixSocketFolder(of: path, links)
            guard links == .refused else { return bootstrap.connect(unixDomainSocketPath: path) }
            let file = try folder.openSocketFile()
            let connected = bootstrap.connect(unixDomainSocketPath: UnixSocketAddress.path(of: file))
            connected.whenComplete { _ in close(file) }
            return connected
        } catch {
            return eventLoop.makeFailedFuture(error)
        }
    }
}
